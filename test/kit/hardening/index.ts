import { accessRules } from './access.ts';
import { jobRules } from './jobs.ts';
import { networkRules } from './network.ts';
import { objectRules } from './objects.ts';
import { containerRules, podRules, probeRules } from './pods.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [
  ...podRules,
  ...containerRules,
  ...probeRules,
  ...jobRules,
  ...networkRules,
  ...accessRules,
  ...objectRules,
];
