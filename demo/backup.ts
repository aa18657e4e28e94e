import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestKey } from '../runtime/src/archives/layout.ts';
import type { Manifest } from '../runtime/src/archives/manifest.ts';
import type { VerificationReport } from '../runtime/src/commands/verify/result.ts';
import { cronJobName, names, verificationFolder } from '../runtime/src/contract/names.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { formatBytes } from '../runtime/src/core/units.ts';
import type { Digest } from './databases/database.ts';
import { find } from './pod/cluster.ts';
import { startPod } from './pod/pod.ts';
import { heading, interruptible, step } from './progress.ts';
import type { Stage } from './stage.ts';

/** A target after its backup. */
export interface BackedUp {
  readonly before: Digest;
  /** Path of the archive on this machine. */
  readonly archive: string;
  readonly manifest: Manifest;
}

/** Share of the demo's bytes per engine. */
const shares: Readonly<Record<string, number>> = { postgresql: 0.8, influxdb: 0.15, redis: 0.05 };

/** Fills every database; resolves to what each holds then. */
export const fillAll = async (
  stage: Stage,
  bytes: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Digest>> => {
  heading('Grill Stats data');
  const digests = new Map<string, Digest>();
  for (const { target, fill, digest } of stage.databases) {
    const { engine } = mustExist(
      stage.plan.targets.find(({ name }) => name === target),
      `target ${target}`,
    );
    await step(`fill ${target}`, signal, () =>
      interruptible(signal, fill(bytes * mustExist(shares[engine], `share of ${engine}`))),
    );
    const { result } = await step(
      `digest ${target}`,
      signal,
      () => interruptible(signal, digest()),
      (items) => Object.keys(items).join(', '),
    );
    digests.set(target, result);
  }
  return digests;
};

/** Runs what a CronJob of the manifests carries: its command, environment and mounts. */
export const runCronJob = async ({ cluster }: Stage, name: string, signal: AbortSignal): Promise<string> => {
  const pod = await startPod(cluster, find(cluster, 'CronJob', name));
  await pod.exec(pod.command, signal);
  return `${pod.command.join(' ')} as user ${pod.userId}`;
};

const readJson = async <Content>(path: string): Promise<Content> =>
  JSON.parse(await readFile(path, 'utf8')) as Content;

const newest = async ({ cluster }: Stage, target: string): Promise<Omit<BackedUp, 'before'>> => {
  const folder = join(cluster.folder, 'backup', target);
  const archive = join(folder, await readlink(join(folder, 'latest_backup.tar.gz.enc')));
  return { archive, manifest: await readJson<Manifest>(manifestKey(archive)) };
};

const sizes = ({ sourceBytes, archiveBytes }: Manifest): string =>
  `${formatBytes(sourceBytes)} in ${formatBytes(archiveBytes)}`;

/** Runs the backup CronJob of each target. */
export const backUpAll = async (
  stage: Stage,
  digests: ReadonlyMap<string, Digest>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, BackedUp>> => {
  heading('Backup, by the synthesized CronJobs');
  const results = new Map<string, BackedUp>();
  for (const [target, before] of digests) {
    const name = cronJobName(target);
    const work = async () => ({
      by: await runCronJob(stage, name, signal),
      ...(await newest(stage, target)),
    });
    const { result } = await step(name, signal, work, ({ by, manifest }) => `${by}: ${sizes(manifest)}`);
    results.set(target, { before, ...result });
  }
  return results;
};

/** Runs the verification CronJob; resolves to its report. */
export const verifyAll = async (stage: Stage, signal: AbortSignal): Promise<VerificationReport> => {
  await step(names.verification, signal, () => runCronJob(stage, names.verification, signal), String);
  return readJson(join(stage.cluster.folder, 'backup', verificationFolder, 'latest_verification.json'));
};
