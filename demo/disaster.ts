import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Listed } from '../runtime/src/commands/list/result.ts';
import type { RestoreReport } from '../runtime/src/commands/restore/result.ts';
import { table } from '../runtime/src/core/text-table.ts';
import { mounts } from '../runtime/src/contract/mounts.ts';
import { names } from '../runtime/src/contract/names.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { formatSeconds } from '../runtime/src/core/units.ts';
import { backUpAll, verifyAll } from './backup.ts';
import type { Database, Digest } from './databases/database.ts';
import { find } from './pod/cluster.ts';
import { startPod, type Pod } from './pod/pod.ts';
import { heading, step } from './progress.ts';
import { compare, type BackedUpByTarget, type Recovered } from './recovery.ts';
import { databaseSecrets } from './secrets.ts';
import { adopt, servicesOf, type Stage } from './stage.ts';

/** Steps of docs/how-to/disaster-recovery.md that the demo takes, with the seconds of each. */
export type Timings = Readonly<Record<string, number>>;

export interface DisasterRecovery {
  /** The new cluster. */
  readonly stage: Stage;
  readonly recovered: ReadonlyMap<string, Recovered>;
  readonly timings: Timings;
}

/** Ends every server, and removes the volume and all pods; the S3 server and the encryption secret stay. */
const loseAll = async ({ databases, cluster }: Stage, signal: AbortSignal): Promise<void> => {
  heading('Disaster: the cluster is gone; left are the S3 store, the manifests, and the passphrase');
  for (const { target, stop } of databases) await step(`lose ${target}`, signal, stop);
  for (const folder of [mounts.backup, 'pods'])
    await step(`lose ${folder}`, signal, () =>
      rm(join(cluster.folder, folder), { recursive: true, force: true }),
    );
};

/** The same manifests with empty databases, under new addresses and passwords. */
const newCluster = async (stage: Stage, stack: AsyncDisposableStack): Promise<Stage> => {
  const databases: Database[] = [];
  for (const { startEmpty } of stage.databases) databases.push(await adopt(stack, startEmpty()));
  const secrets = { ...stage.cluster.secrets, ...databaseSecrets(stage.plan, databases) };
  const cluster = { ...stage.cluster, secrets, services: servicesOf(databases) };
  return { ...stage, databases, cluster };
};

const listArchives = async (pod: Pod, signal: AbortSignal): Promise<readonly Listed[]> =>
  JSON.parse((await pod.exec([names.program, 'list', '--json'], signal)).stdout) as Listed[];

const restoreFull = async (pod: Pod, signal: AbortSignal): Promise<RestoreReport> => {
  const script = `${mounts.scripts}/full-restore.sh`;
  const { stdout } = await pod.exec([script, '--json', '--force'], signal);
  return JSON.parse(stdout) as RestoreReport;
};

const tellRestored = ({ restored }: RestoreReport): string =>
  restored
    .map(({ target, store, seconds = 0 }) => `${target} from ${store} in ${formatSeconds(seconds)}`)
    .join(', ');

/** Digests after the restore against those before the disaster. */
const compareAll = async (
  { databases }: Stage,
  { restored }: RestoreReport,
  archives: BackedUpByTarget,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Recovered>> => {
  const recovered = new Map<string, Recovered>();
  for (const database of databases) {
    const different = await compare(
      database,
      mustExist(archives.get(database.target), 'archive').before,
      signal,
    );
    const { seconds = NaN } = mustExist(
      restored.find(({ target }) => target === database.target),
      `restore of ${database.target}`,
    );
    recovered.set(database.target, { seconds, different });
  }
  return recovered;
};

const timed = async <Result>(timings: Record<string, number>, title: string, work: () => Promise<Result>) => {
  const started = performance.now();
  const result = await work();
  timings[title] = (performance.now() - started) / 1000;
  return result;
};

/** Loses everything but S3, and follows docs/how-to/disaster-recovery.md until the next backup is verified. */
export const surviveDisaster = async (
  stage: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<DisasterRecovery> => {
  await loseAll(stage, signal);
  heading('Recovery in a new cluster');
  const timings: Record<string, number> = {};
  const take = <Result>(title: string, work: () => Promise<Result>, tell?: (result: Result) => string) =>
    timed(timings, title, async () => (await step(title, signal, work, tell)).result);

  const anew = await take('start empty databases', () => newCluster(stage, stack));
  const pod = await take('start the restore pod', () =>
    startPod(anew.cluster, find(anew.cluster, 'Pod', names.restorePod)),
  );
  await take(
    'find the archives',
    () => listArchives(pod, signal),
    (found) => [...new Set(found.map(({ store }) => store))].join(', '),
  );
  const report = await take('restore full', () => restoreFull(pod, signal), tellRestored);
  const recovered = await timed(timings, 'compare', () => compareAll(anew, report, archives, signal));
  const digests: ReadonlyMap<string, Digest> = new Map(
    [...archives].map(([target, { before }]) => [target, before]),
  );
  await timed(timings, 'back up again', () => backUpAll(anew, digests, signal));
  await timed(timings, 'verify', () => verifyAll(anew, signal));
  return { stage: anew, recovered, timings };
};

/** Time per step, and of all. */
export const renderTimings = (timings: Timings): string => {
  const total = Object.values(timings).reduce((sum, seconds) => sum + seconds, 0);
  return table(
    ['step of the recovery', 'took'],
    Object.entries({ ...timings, total }).map(([title, seconds]) => [title, formatSeconds(seconds)]),
  );
};
