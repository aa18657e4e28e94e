import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { words } from '../kit/seed.ts';
import { folderOf } from './applied.ts';
import { kubectl, refusalOf } from './kubectl.ts';
import { personOf, roles, rolesOf, type Role } from './people.ts';
import { seedRequests } from './seed-requests.ts';

const podFile = (environment: Environment): string => join(folderOf(environment), `${names.restorePod}.yaml`);

const replacePod = (environment: Environment): readonly string[] => [
  'replace',
  '--force',
  '-f',
  podFile(environment),
];

/** The right to wait is all that is tried here: without nodes no pod is ever ready. */
const waitSeconds = 1;

/** Names of Jobs are taken once only. */
const stamp = (role: Role): string => `${Date.now()}-${role}`;

/** As docs/reference/seed-commands.md says to type it, for `kubectl`; without an editor, which nobody is there to use. */
const typed = (environment: Environment, command: string, role: Role): readonly string[] => {
  const [, ...args] = words(command.replace('$(date +%Y%m%d)', stamp(role)));
  if (args[0] === 'apply') return replacePod(environment);
  if (args[0] === 'edit') return ['annotate', '--overwrite', ...args.slice(1), `edited-by=${role}`];
  if (args[0] === 'wait') return [...args, `--timeout=${waitSeconds}s`];
  if (args[0] === 'create') return args.map((word) => (word === 'test-pg-backup' ? stamp(role) : word));
  return args;
};

/** Refused by the authorizer or a policy; everything else came through, whatever a cluster without nodes says then. */
const isRefusal = (text: string): boolean => /\bforbidden\b/i.test(text);

const refused = async (environment: Environment, command: string, role: Role): Promise<boolean> => {
  const answer = await kubectl(typed(environment, command, role), '', personOf(environment, role)).then(
    () => '',
    refusalOf,
  );
  return isRefusal(answer);
};

/** Runs every command as somebody of each role: who may, may, and nobody else. */
export const runAsEachGroup = async (environment: Environment): Promise<void> => {
  for (const role of roles)
    for (const [command, { who }] of Object.entries(seedRequests)) {
      const may = rolesOf(environment, role).some((each) => who.includes(each));
      equal(await refused(environment, command, role), !may, `${role}: ${command}`);
    }
};

interface Pod {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly phase: string };
}

const podNow = async ({ namespace }: Environment): Promise<Pod> =>
  JSON.parse(await kubectl(['get', 'pod', names.restorePod, '-n', namespace.name, '-o', 'json'])) as Pod;

const setStatus = ({ namespace }: Environment, status: object): Promise<string> =>
  kubectl([
    ...['patch', 'pod', names.restorePod, '-n', namespace.name],
    ...['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })],
  ]);

/** The documented line, as somebody who restores, over whatever is there. */
const replacedWorks = async (environment: Environment): Promise<void> => {
  const before = await podNow(environment);
  await kubectl(replacePod(environment), '', personOf(environment, 'restore'));
  const after = await podNow(environment);
  notEqual(after.metadata.uid, before.metadata.uid, 'another pod is there');
  notEqual(after.status.phase, 'Failed', 'it begins anew');
};

const applyPod = (environment: Environment): Promise<string> =>
  kubectl(['apply', '-f', podFile(environment)], '', personOf(environment, 'restore')).catch(refusalOf);

/** After its day the pod has failed and stays; `apply` leaves it so. */
export const onTheDayAfter = async (environment: Environment): Promise<void> => {
  await applyPod(environment);
  await setStatus(environment, { phase: 'Failed', reason: 'DeadlineExceeded' });
  await applyPod(environment);
  equal((await podNow(environment)).status.phase, 'Failed', 'apply changes nothing');
  await replacedWorks(environment);
};

/** The pod of the version before, which `apply` may not change: most of a pod's spec never changes. */
export const afterAnUpgrade = async (environment: Environment): Promise<void> => {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a pod as plain data
  const old = load(readFileSync(podFile(environment), 'utf8')) as any;
  const { image } = old.spec.containers[0];
  old.spec.containers[0].image = 'ghcr.io/lordmuffin/grill-stats-backup:0.0.9';
  old.spec.containers[0].resources.requests.cpu = '10m';
  await kubectl(['replace', '--force', '-f', '-'], JSON.stringify(old)); // as an administrator did then
  match(await applyPod(environment), /pod updates may not change fields/);
  await replacedWorks(environment);
  deepEqual(
    (await podNow(environment)).spec.containers.map((container) => container.image),
    [image],
  );
};
