import { archiveKey, fileName, manifestKey, type Tier } from '../../runtime/src/archives/layout.ts';
import { encodeManifest, type Manifest } from '../../runtime/src/archives/manifest.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { newArchiveKeys, type KeyParameters } from '../../runtime/src/crypto/archive-keys.ts';
import type { KeyRing } from '../../runtime/src/crypto/key-ring.ts';
import { sign } from '../../runtime/src/crypto/signature.ts';
import { lockKey } from '../../runtime/src/runs/lock-state.ts';
import { keyStart, runLabel, type RunRecord } from '../../runtime/src/runs/records.ts';

/** How large a catalogue is. */
export interface CatalogueSize {
  readonly targets: number;
  /** Of each target: nine tenths are daily, the others weekly and monthly. */
  readonly archives: number;
  /** Records of runs of each target. */
  readonly runs: number;
}

/** Where objects are written; the names of a catalogue are all new. */
export interface Writer {
  readonly put: (key: string, body: () => AsyncIterable<Buffer>) => Promise<unknown>;
}

export const targetName = (index: number): string => `target-${String(index).padStart(4, '0')}`;

const environment = 'bench';

/** Tables of each database: what a fingerprint counts. */
const tables = 12;

const content = Buffer.alloc(64, 'archive');

const id = (target: number, archive: number): string =>
  `${target.toString(16).padStart(16, '0')}${archive.toString(16).padStart(16, '0')}`;

const tierOf = (archive: number): Tier => {
  if (archive % 10 !== 9) return 'daily';
  return archive % 20 === 9 ? 'weekly' : 'monthly';
};

const manifestOf = (
  target: number,
  archive: number,
  startedAt: Date,
  encryption: KeyParameters,
): Manifest => {
  const tier = tierOf(archive);
  const compression = { algorithm: 'gzip', level: 1 } as const;
  const key = archiveKey(targetName(target), tier, startedAt, { compression, encryption });
  const rows = (table: number) => [`public.table_${table}`, { rows: 1000 * table + archive }] as const;
  return {
    format: 1,
    id: id(target, archive),
    environment,
    target: targetName(target),
    engine: 'postgresql',
    archive: fileName(key),
    tier,
    program: 'grill-backup 0.2.0',
    server: { product: 'PostgreSQL', version: '15.20', tools: { pg_dump: '15.20', pg_restore: '15.20' } },
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + 60_000 + archive).toISOString(),
    sourceBytes: 1e9 + archive * 1e6,
    archiveBytes: content.length,
    compression,
    encryption,
    seal: {
      bytes: content.length,
      sha256: 'cd'.repeat(32),
      segmentBytes: 4 << 20,
      segments: ['ef'.repeat(32)],
    },
    entries: ['database.json', 'roles.json', 'grillstats.dump'].map((name) => ({ name, bytes: 1000 })),
    fingerprint: Object.fromEntries(Array.from({ length: tables }, (_, table) => rows(table))),
    verifications: [{ at: new Date(startedAt.getTime() + dayMs / 6).toISOString(), level: 'deep', ok: true }],
  };
};

const putText = async (store: Writer, key: string, text: string | Buffer): Promise<void> => {
  await store.put(key, () => oneChunk(text));
};

const writeArchives = async (
  store: Writer,
  target: number,
  count: number,
  keys: KeyRing,
  encryption: KeyParameters,
  now: number,
): Promise<void> => {
  for (let archive = 0; archive < count; archive++) {
    const startedAt = new Date(now - (count - archive) * dayMs * 0.9 + target * 1000);
    const manifest = manifestOf(target, archive, startedAt, encryption);
    const folder = manifest.tier === 'daily' ? '' : `${manifest.tier}/`;
    const key = `${targetName(target)}/${folder}${manifest.archive}`;
    await putText(store, key, content);
    await putText(store, manifestKey(key), await encodeManifest(manifest, keys));
  }
};

const writeRuns = async (
  store: Writer,
  target: number,
  count: number,
  keys: KeyRing,
  now: number,
): Promise<void> => {
  for (let run = 0; run < count; run++) {
    const startedAt = new Date(now - (count - run) * (dayMs / 3)).toISOString();
    const command = run % 3 === 0 ? 'backup' : run % 3 === 1 ? 'verify' : 'prune';
    const record: RunRecord = {
      format: 1,
      command,
      target: targetName(target),
      environment,
      startedAt,
      finishedAt: startedAt,
      ok: true,
      exitCode: 0,
      figures: command === 'verify' ? { level: 'deep' } : { archive: 'some', archiveBytes: run, seconds: 60 },
    };
    const name = `${keyStart(record)}${run.toString(16).padStart(6, '0')}.json`;
    await putText(store, name, `${JSON.stringify(await sign(runLabel, record, keys[0]))}\n`);
  }
  const owner = { host: 'pod', pid: 1, id: 'a', command: 'backup' };
  const [startedAt, expiresAt] = [new Date(now - 7200e3).toISOString(), new Date(now - 7000e3).toISOString()];
  const lock = { owner, startedAt, expiresAt, releasedAt: expiresAt };
  await putText(store, lockKey(targetName(target), 3), JSON.stringify(lock));
};

/** What backups of so many targets leave, without any database. @param parallel targets that are written at a time */
export const writeCatalogue = async (
  store: Writer,
  { targets, archives, runs }: CatalogueSize,
  keys: KeyRing,
  parallel: number,
): Promise<void> => {
  const { parameters } = await newArchiveKeys(keys[0], (length) => Buffer.alloc(length, 7));
  const now = Date.now() - 3600e3;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let target = next++; target < targets; target = next++) {
      await writeArchives(store, target, archives, keys, parameters, now);
      await writeRuns(store, target, runs, keys, now);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
};
