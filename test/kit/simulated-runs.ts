import { randomBytes } from 'node:crypto';
import { readArchive, readCatalog, writeManifest } from '../../runtime/src/archives/catalogue.ts';
import type { Verification } from '../../runtime/src/archives/manifest.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { recorded } from '../../runtime/src/runs/recorded-run.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import type { Entries } from '../../runtime/src/core/entries.ts';
import { BackupError, type FailureCode } from '../../runtime/src/core/errors.ts';
import { entriesOf } from './streams.ts';
import { keepIndexes } from '../../runtime/src/health/keep-index.ts';

/** A backup without a database: everything around the dump is the product's own. */
export interface SimulatedBackup {
  readonly at: Date;
  /** @default 60 */
  readonly seconds?: number;
  /** Bytes that do not compress. @default 4096 */
  readonly bytes?: number;
  readonly keys?: number;
  readonly failure?: FailureCode;
}

export interface SimulatedVerification {
  readonly at: Date;
  readonly level: 'deep' | 'drill';
  /** @default 30 */
  readonly seconds?: number;
  readonly failure?: FailureCode;
  /** Of a drill that recovered an instant of the log too, and found it to agree with the archive. @default none */
  readonly instantSeconds?: number;
  /** False for one that came to no archive. @default true */
  readonly remember?: boolean;
}

/** An app whose clock stands at a time until it is moved. */
const clocked = (app: App, at: Date) => {
  let time = at.getTime();
  return {
    app: { ...app, run: { ...app.run, now: () => new Date(time) } },
    pass: (seconds: number) => void (time += seconds * 1000),
  };
};

const expected = async (run: Promise<unknown>, failure: FailureCode | undefined): Promise<void> => {
  await run.catch((error: unknown) => {
    if (!failure) throw error;
  });
};

async function* lasting(entries: Entries, end: () => void): Entries {
  yield* entries;
  end();
}

/** Runs a backup of a target at some time: lock, archive, manifest, record, audit, notifications. */
export const simulateBackup = async (app: App, name: string, backup: SimulatedBackup): Promise<void> => {
  const { at, seconds = 60, bytes = 4096, keys = 100, failure } = backup;
  const { app: then, pass } = clocked(app, at);
  const target = then.plan.targets.find((each) => each.name === name)!;
  const dump = {
    server: { product: 'Redis', version: '7.0.15', tools: {} },
    entries: lasting(entriesOf({ 'dump.rdb': randomBytes(bytes) }), () => pass(seconds)),
    fingerprint: () => Promise.resolve({ 'db0 string': { keys } }),
    close: () => Promise.resolve(),
  };
  const options = {
    command: 'backup',
    target: name,
    lock: true,
    summarise: () => ({ figures: {} }),
    keepIndexes,
  } as const;
  const run = recorded(then, options, (inner) => {
    if (!failure) return writeArchive(inner, target, dump, 'daily');
    pass(seconds);
    throw new BackupError(failure, 'simulated');
  });
  await expected(run, failure);
};

/** Verifies the newest archive of a target without reading it. */
export const simulateVerification = async (
  app: App,
  name: string,
  { at, level, seconds = 30, failure, instantSeconds, remember = true }: SimulatedVerification,
): Promise<void> => {
  const { app: then, pass } = clocked(app, at);
  const { primary } = then.stores;
  const newest = (await readCatalog(primary, name)).archives.at(-1)!;
  const { manifest } = (await readArchive(primary, newest.key)).signed;
  const entry: Verification = {
    at: at.toISOString(),
    level,
    ok: !failure,
    ...(failure ? { problem: failure } : level === 'drill' && { seconds }),
  };
  const figures = {
    level,
    ...(level === 'drill' && !failure && { restoreSeconds: seconds }),
    ...(instantSeconds !== undefined && { instantsFailed: 0, instantSeconds, agreed: newest.key }),
  };
  const options = { command: 'verify', target: name, lock: false, figures, keepIndexes } as const;
  const run = recorded(then, { ...options, summarise: () => ({ figures }) }, async () => {
    pass(seconds);
    const verifications = [...manifest.verifications, entry];
    if (remember)
      await writeManifest(primary, newest.key, { ...manifest, verifications }, app.keys, { replace: true });
    if (failure) throw new BackupError(failure, 'simulated');
  });
  await expected(run, failure);
};
