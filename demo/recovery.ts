import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Listed } from '../runtime/src/commands/list/result.ts';
import type { RestoreResult } from '../runtime/src/commands/restore/result.ts';
import { mounts } from '../runtime/src/contract/mounts.ts';
import { latestAlias, names } from '../runtime/src/contract/names.ts';
import { secrets } from '../runtime/src/contract/secrets.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import type { BackedUp } from './backup.ts';
import { changed, type Database, type Digest } from './databases/database.ts';
import { find } from './pod/cluster.ts';
import { startPod, type Pod } from './pod/pod.ts';
import { heading, interruptible, step } from './progress.ts';
import { listDump, openByHand } from './proof.ts';
import type { Stage } from './stage.ts';

export interface Recovered {
  readonly seconds: number;
  /** Items whose content is not what it was before the damage, by the demo's own digests. */
  readonly different: readonly string[];
}

export type BackedUpByTarget = ReadonlyMap<string, BackedUp>;

const shown = 4;

const tellFiles = (files: readonly string[]): string => {
  const more = files.length > shown ? ` and ${files.length - shown} more` : '';
  return (
    files
      .slice(0, shown)
      .map((file) => basename(file))
      .join(', ') + more
  );
};

/** Opens each archive with openssl and tar alone, and a PostgreSQL dump with pg_restore. */
export const proveAll = async (
  stage: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
): Promise<void> => {
  heading('Archives open without this program: openssl enc -d | tar xz');
  const passphrase = mustExist(
    stage.cluster.secrets[stage.plan.encryption.secret]?.[secrets.encryption.keys.passphrase],
    'passphrase',
  );
  for (const [target, { archive, manifest }] of archives) {
    const folder = join(stage.cluster.folder, 'proof', target);
    await mkdir(folder, { recursive: true });
    const open = () => openByHand(archive, passphrase, folder, signal);
    const { result: files } = await step(`open ${target}`, signal, open, tellFiles);
    if (manifest.engine === 'postgresql')
      await step(
        'pg_restore --list',
        signal,
        () => listDump(files, folder, signal),
        (entries) => `${entries} entries`,
      );
  }
};

/** Destroys data in every database, and makes sure that it is gone. */
export const damageAll = async (
  { databases }: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
): Promise<void> => {
  heading('Damage');
  for (const { target, damage, digest } of databases) {
    await step(
      `damage ${target}`,
      signal,
      () => interruptible(signal, damage()),
      (what) => what,
    );
    if (changed(mustExist(archives.get(target), 'archive').before, await digest()).length === 0)
      throw new Error(`the damage did not change ${target}, so a restore would prove nothing`);
  }
};

/** Where a restore reads from: the mounted volume, or the S3 store where there is one. */
const archiveName = ({ plan }: Stage, target: string, archive: string): string =>
  plan.stores.s3?.sync
    ? `${plan.stores.s3.base}/${target}/${basename(archive)}`
    : `${mounts.backup}/${target}/${latestAlias}.tar.gz.enc`;

const restoreOne = async (
  pod: Pod,
  target: string,
  archive: string,
  signal: AbortSignal,
): Promise<RestoreResult> => {
  const script = `${mounts.scripts}/${target}-restore.sh`;
  const { stdout } = await pod.exec([script, '--json', '--force', archive], signal);
  return mustExist((JSON.parse(stdout) as RestoreResult[])[0], 'result');
};

/** Digest of a database now against the one before; names what differs. */
export const compare = async (
  database: Database,
  before: Digest,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const work = async () => changed(before, await interruptible(signal, database.digest()));
  const tell = (items: readonly string[]) =>
    items.length === 0 ? 'equal' : `DIFFERENT: ${items.join(', ')}`;
  return (await step(`compare ${database.target}`, signal, work, tell)).result;
};

/** Fails unless every archive is in the remote store too. */
const showRemote = async (
  stage: Stage,
  pod: Pod,
  archives: BackedUpByTarget,
  signal: AbortSignal,
): Promise<void> => {
  const { base, sync } = stage.plan.stores.s3 ?? {};
  if (!sync) return;
  const { stdout } = await pod.exec([names.program, 'list', '--json'], signal);
  const remote = (JSON.parse(stdout) as Listed[]).filter(({ store }) => store === base);
  const there = new Set(remote.map(({ archive }) => basename(archive)));
  for (const name of [...archives.values()].map(({ archive }) => basename(archive))) {
    if (!there.has(name)) throw new Error(`${base} lacks ${name}`);
    console.log(`  ${base} holds ${name}`);
  }
};

/** Restores each database by the scripts of the restore pod, and compares it with what it was. */
export const restoreAll = async (
  stage: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Recovered>> => {
  heading(`Restore, in pod ${names.restorePod}`);
  const pod = await startPod(stage.cluster, find(stage.cluster, 'Pod', names.restorePod));
  await showRemote(stage, pod, archives, signal);
  const recovered = new Map<string, Recovered>();
  for (const database of stage.databases) {
    const { target } = database;
    const { archive, before } = mustExist(archives.get(target), 'archive');
    const name = archiveName(stage, target, archive);
    const restored = await step(
      `restore ${target}`,
      signal,
      () => restoreOne(pod, target, name, signal),
      ({ store, archive: key }) => `from ${store}/${key}`,
    );
    recovered.set(target, {
      seconds: mustExist(restored.result.seconds, 'seconds'),
      different: await compare(database, before, signal),
    });
  }
  return recovered;
};
