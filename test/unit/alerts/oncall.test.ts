import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { at, find, objectsOf, root, environmentOf } from '../../kit/environments.ts';

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const rules = at(find(objectsOf(environmentOf('prod')), 'Role', 'backup-oncall'), 'rules') as Rule[];

/** Verb, resource, and the name where the command has one. */
type Right = readonly [verb: string, resource: string, name?: string];

const allows = ([verb, resource, name]: Right): boolean =>
  rules.some(
    ({ verbs, resources, resourceNames }) =>
      verbs.includes(verb) &&
      resources.includes(resource) &&
      (!resourceNames || (name !== undefined && resourceNames.includes(name))),
  );

const plural = (kind: string): string => (kind.endsWith('s') ? kind : `${kind}s`);

/** What kubectl asks of the API server; `describe` reads the events as well. */
const rightsOf = (command: string): readonly Right[] => {
  const [verb, ...words] = command.split(' ').slice(1);
  const [kind = '', name] = words.filter((word, index) => !word.startsWith('-') && words[index - 1] !== '-n' && words[index - 1] !== '-l'); // prettier-ignore
  const from = /--from=cronjob\/(\S+)/.exec(command)?.[1];
  if (verb === 'create') return [['get', 'cronjobs', from], ['create', 'jobs']]; // prettier-ignore
  if (verb === 'exec') return [['get', 'pods'], ['create', 'pods/exec', 'backup-restore-job']]; // prettier-ignore
  if (verb === 'logs') return [['list', 'pods'], ['get', 'pods/log']]; // prettier-ignore
  const look: Right = name ? ['get', plural(kind), name] : ['list', plural(kind)];
  return verb === 'describe' ? [look, ['list', 'events']] : [look];
};

const runbook = readFileSync(join(root, 'alerts/RUNBOOK.md'), 'utf8');
const commands = [...runbook.matchAll(/kubectl [^`\n]+/g)].map(([command]) =>
  command.replaceAll('<target>', 'postgresql').replaceAll('<cronjob>', 'redis-backup'),
);

/** To change objects is for platform engineers, as the runbook says. */
const ofEngineers = /^kubectl (apply|patch|replace|rollout|wait)\b/;

test.each([...new Set(commands)].filter((command) => !ofEngineers.test(command)))(
  'on-call has the rights for: %s',
  (command) => {
    expect(rightsOf(command).filter((right) => !allows(right))).toEqual([]);
  },
);

test('the check finds what on-call may not do', () => {
  expect(rightsOf('kubectl get secrets -n grill-stats').filter((right) => !allows(right))).toHaveLength(1);
  expect(allows(['get', 'cronjobs', 'nightly-report'])).toBe(false);
});
