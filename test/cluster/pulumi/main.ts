import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustExist } from '../../../runtime/src/core/must-exist.ts';
import { environmentOf } from '../../kit/environments.ts';
import { removeFolder } from '../../kit/private-server.ts';
import { folderOf } from '../applied.ts';
import { define } from '../definitions.ts';
import { kubectl } from '../kubectl.ts';
import { refuseWhereInUse } from '../steps.ts';
import { namespace } from './expected.ts';
import { giveBack } from './given-back.ts';
import { lifeCycle } from './life-cycle.ts';
import { edit, inherit, projectIn, projectOf } from './project.ts';
import { PulumiStack } from './stack.ts';
import { standIn } from './stand-in.ts';
import { flatCommit, upgrade } from './upgrade.ts';

// `PULUMI_CLI=… KUBECONFIG=… npm run test:pulumi`: the stack dev through its life, with the real CLI on a real API server.
// Its state is in a temporary folder, its Secrets come from Pulumi. It wants a cluster without namespace grill-stats.

const cli = mustExist(process.env['PULUMI_CLI'], 'PULUMI_CLI');
const environment = environmentOf('dev');
const work = mkdtempSync(join(tmpdir(), 'grill-pulumi-'));

/** Secrets that a version asks for, beside what the docs say about the first time. */
const initialize = async (stack: PulumiStack, secretKeys: readonly string[]): Promise<void> => {
  await stack.run(['stack', 'init']);
  await stack.set('kubernetes:context', await kubectl(['config', 'current-context']));
  await stack.set('kubernetes:clusterIdentifier', 'lane');
  for (const key of secretKeys) await stack.setSecret(key, `the first ${key} of the lane`);
};

const makeNamespace = (): Promise<string> => kubectl(['create', 'namespace', namespace]);

const fromPulumi = { secrets: { pulumi: true } };

/** Runs a part on a stack of the present program. */
const onStack = async (
  name: string,
  part: (stack: PulumiStack, project: string) => Promise<void>,
): Promise<void> => {
  const project = projectIn(join(work, name));
  edit(project, fromPulumi);
  const stack = new PulumiStack(project, join(work, `${name}-state`), cli);
  await initialize(stack, ['encryption-key']);
  await part(stack, project);
};

const runUpgrade = async (): Promise<void> => {
  const old = await projectOf(flatCommit, join(work, 'old'));
  edit(old, fromPulumi);
  const state = join(work, 'old-state');
  const flat = new PulumiStack(old, state, cli);
  await initialize(flat, ['encryption-key', 's3-access-key', 's3-secret-key']);
  const project = projectIn(join(work, 'present'));
  inherit(project, old);
  edit(project, fromPulumi);
  await upgrade(flat, new PulumiStack(project, state, cli));
};

/** Everything of a stack, also where a step failed before Pulumi knew of it. */
const removeAll = async (): Promise<void> => {
  await kubectl(['delete', '--ignore-not-found', '-k', folderOf(environment)]);
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found']);
};

/** Runs one of the lane's parts, and leaves nothing of it. */
const alone = async (part: () => Promise<void>): Promise<void> => {
  const leave = await standIn(environment);
  try {
    await part();
  } finally {
    await leave();
    await removeAll();
  }
};

await refuseWhereInUse(namespace);
const undefine = await define();
try {
  await alone(() => onStack('made', giveBack));
  await alone(async () => {
    await makeNamespace();
    await onStack('life', lifeCycle);
  });
  await alone(async () => {
    await makeNamespace();
    await runUpgrade();
  });
} finally {
  await undefine();
  await removeFolder(work);
}
console.log(await kubectl(['version']));
