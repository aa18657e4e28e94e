import type { Suite } from './harness/suite.ts';
import { postgresql } from './postgresql/index.ts';

/** All that `make bench` measures, in this order. */
export const suites: readonly Suite[] = [postgresql];
