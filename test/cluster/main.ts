import { environmentNames, environmentOf, type EnvironmentName } from '../kit/environments.ts';
import { afterAnUpgrade, onTheDayAfter, runAsEachGroup } from './commands.ts';
import { answersOf } from './answers.ts';
import {
  applyTwice,
  databasesUnharmed,
  folderOf,
  makeDatabases,
  modes,
  removeAll,
  type Mode,
} from './applied.ts';
import { removeDatabases } from './databases.ts';
import { define } from './definitions.ts';
import { hasNodes, jobsFollowTheVolume } from './scheduling.ts';
import { kubectl } from './kubectl.ts';
import { policiesHold } from './policies.ts';
import { askAboutTroubles, releasedVolumeComesBack } from './preflights.ts';
import { writeRecording, type Answers } from './recording.ts';
import { severalPods } from './several-pods.ts';
import { refuseWhereInUse, step } from './steps.ts';

// `KUBECONFIG=… npm run test:cluster`: everything that a real API server has to answer to the manifests, asked of it as an
// administrator. Records what CI replays, and leaves nothing behind. It wants a cluster without namespace grill-stats.

const applyRounds = async (name: EnvironmentName): Promise<void> => {
  const environment = environmentOf(name);
  const folder = folderOf(environment);
  for (const mode of Object.keys(modes) as Mode[]) {
    await step(`${name}: second apply ${mode} unchanged, empty namespace`, () => applyTwice(folder, mode));
    await removeAll(folder);
    await step(`${name}: second apply ${mode} unchanged, beside databases`, async () => {
      const before = await makeDatabases(environment);
      await applyTwice(folder, mode);
      await databasesUnharmed(environment, before);
      await removeAll(folder);
      await databasesUnharmed(environment, before);
      await removeDatabases(environment);
    });
  }
  await step(`${name}: server-side after client-side has no conflicts`, async () => {
    await applyTwice(folder, 'client-side');
    await applyTwice(folder, 'server-side');
  });
};

const schedule = async (name: EnvironmentName): Promise<void> => {
  if (await hasNodes())
    return console.log(`skip ${name}: jobs follow the volume, as the cluster has nodes of its own`);
  const environment = environmentOf(name);
  const folder = folderOf(environment);
  await removeAll(folder);
  await step(`${name}: jobs follow the volume`, () => jobsFollowTheVolume(environment));
  await removeAll(folder);
};

const tryPolicies = async (name: EnvironmentName): Promise<void> => {
  if (!(await hasNodes())) return console.log(`skip ${name}: policies, as no node runs pods`);
  const environment = environmentOf(name);
  const folder = folderOf(environment);
  await removeAll(folder);
  const attempts = await step(`${name}: connections of pods`, () => policiesHold(environment));
  await removeAll(folder);
  if (attempts === undefined) console.log(`skip ${name}: policies, as the network enforces none`);
  else console.log(`ok   ${name}: ${attempts} connections, exactly those that docs/how-to/network.md allows`);
};

const ask = async (name: EnvironmentName): Promise<Answers> => {
  const environment = environmentOf(name);
  const folder = folderOf(environment);
  await applyTwice(folder, 'server-side');
  const answers = await step(`${name}: answers recorded`, () => answersOf(name));
  await step(`${name}: the restore pod on the day after`, () => onTheDayAfter(environment));
  await step(`${name}: the restore pod after an upgrade`, () => afterAnUpgrade(environment));
  // with a restore pod, or kubectl would not get as far as asking for exec
  await step(`${name}: commands of the seed as each group`, () => runAsEachGroup(environment));
  await kubectl(['delete', 'pod', 'backup-restore-job', '-n', environment.namespace.name]);
  await removeAll(folder);
  return answers;
};

const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json'])) as {
  serverVersion: { gitVersion: string };
};
const { namespace } = environmentOf('prod');
await refuseWhereInUse(namespace.name);
const undefine = await define();
await kubectl(['create', 'namespace', namespace.name]);
try {
  const environments = {} as Record<EnvironmentName, Answers>;
  for (const name of environmentNames) {
    await applyRounds(name);
    await schedule(name);
    await tryPolicies(name);
    environments[name] = await ask(name);
  }
  await severalPods();
  const prod = environmentOf('prod');
  await step('a released volume comes back', () => releasedVolumeComesBack(prod));
  const preflights = await step('preflight names each trouble, and none of a good cluster', () =>
    askAboutTroubles(prod),
  );
  writeRecording({ server: serverVersion.gitVersion, environments, preflights });
} finally {
  await kubectl(['delete', 'namespace', namespace.name, '--wait=false']);
  await undefine();
}
console.log(`all of it against ${serverVersion.gitVersion}`);
