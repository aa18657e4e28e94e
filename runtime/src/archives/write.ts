import { compress } from '../pipeline/compress.ts';
import { pack } from '../pipeline/pack.ts';
import { archiveKey, fileName, type Form, type Tier } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { writeManifest } from './catalogue.ts';
import { names } from '../contract/names.ts';
import type { Entries } from '../core/entries.ts';
import { readAhead } from '../core/read-ahead.ts';
import { countingBytes } from '../core/count-bytes.ts';
import { newArchiveKeys } from '../crypto/archive-keys.ts';
import { startSealing } from '../crypto/seal.ts';
import type { Dump } from '../engines/engine.ts';
import type { Target } from '../plan/schema.ts';
import type { Store } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { programVersion } from '../core/version.ts';

/** An archive that was committed. */
export interface Written {
  readonly key: string;
  readonly manifest: Manifest;
}

/** Lets the dump tool go on while a part is compressed. @default 8 MiB - two parts of the archive */
const readAheadBytes = 8 << 20;

interface Meter {
  readonly entries: { name: string; bytes: number }[];
  sourceBytes: number;
}

async function* measured(entries: Entries, meter: Meter, onBytes: (bytes: number) => void): Entries {
  for await (const { name, content } of entries) {
    const entry = { name, bytes: 0 };
    meter.entries.push(entry);
    const count = (bytes: number) => {
      entry.bytes += bytes;
      meter.sourceBytes += bytes;
      onBytes(bytes);
    };
    yield { name, content: countingBytes(content, count) };
  }
}

/** Names count seconds: the second run within one, or one after a killed run's remains, takes the next that is free. */
const freeKey = async (store: Store, target: string, tier: Tier, time: Date, form: Form): Promise<string> => {
  for (let at = time.getTime(); ; at += 1000) {
    const key = archiveKey(target, tier, new Date(at), form);
    if (!(await store.head(key))) return key;
  }
};

type SealKeys = Awaited<ReturnType<typeof newArchiveKeys>> | undefined;

/** Keys of the next archive; none where the plan stores in the clear. */
export const newSealKeys = async ({ keys, run }: App): Promise<SealKeys> =>
  keys && newArchiveKeys(keys[0], run.randomBytes);

/**
 * Streams a dump into the primary store and commits it: archive first, manifest last. Nothing is committed unless every
 * entry ended cleanly. `newKeys` may have been begun earlier: their derivation is slow on purpose.
 */
export const writeArchive = async (
  app: App,
  target: Target,
  dump: Dump,
  tier: Tier,
  newKeys: Promise<SealKeys> = newSealKeys(app),
): Promise<Written> => {
  const { run, plan, stores } = app;
  const started = run.now();
  const id = run.randomBytes(16).toString('hex');
  const sealKeys = await newKeys;
  const form = { compression: plan.compression, encryption: sealKeys?.parameters ?? null };
  const key = await freeKey(stores.primary, target.name, tier, started, form);
  const meter: Meter = { entries: [], sourceBytes: 0 };
  const progress = app.progress(`backup ${target.name}`);
  try {
    const packed = pack(measured(dump.entries, meter, progress.add), started);
    const plain = compress(run, readAhead(packed, readAheadBytes), form.compression);
    const sealing = startSealing(plain, id, sealKeys?.keys);
    const archiveBytes = await stores.primary.put(key, sealing.bytes, { signal: run.signal });
    const manifest: Manifest = {
      format: 1,
      id,
      environment: plan.environment,
      target: target.name,
      engine: target.engine,
      archive: fileName(key),
      tier,
      program: `${names.program} ${programVersion}`,
      server: dump.server,
      startedAt: started.toISOString(),
      finishedAt: run.now().toISOString(),
      ...meter,
      archiveBytes,
      ...form,
      seal: sealing.seal(),
      fingerprint: await dump.fingerprint(),
      verifications: [],
    };
    await writeManifest(stores.primary, key, manifest, app.keys, { replace: false });
    return { key, manifest };
  } finally {
    progress.done();
  }
};
