import { compress } from '../pipeline/compress.ts';
import { pack } from '../pipeline/pack.ts';
import { archiveKey, fileName, type Form, type Tier } from './layout.ts';
import type { FileManifest, Manifest } from './manifest.ts';
import { writeManifest } from './catalogue.ts';
import { newSealKeys, type SealKeys } from './seal-keys.ts';
import { names } from '../contract/names.ts';
import type { Entries } from '../core/entries.ts';
import { readAhead } from '../core/read-ahead.ts';
import { countingBytes } from '../core/count-bytes.ts';
import { startSealing } from '../crypto/seal.ts';
import type { Dump, ServerInfo } from '../engines/engine.ts';
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
const freeKey = async (store: Store, keyAt: (time: Date) => string, time: Date): Promise<string> => {
  for (let at = time.getTime(); ; at += 1000) {
    const key = keyAt(new Date(at));
    if (!(await store.head(key))) return key;
  }
};

/** All of an archive is in its file. */
type WholeFile = FileManifest & { readonly format: 1 };

/** What an archive is made of, and where it goes. */
interface Content {
  readonly server: ServerInfo;
  readonly entries: Entries;
  readonly keyAt: (time: Date, form: Form) => string;
}

/**
 * Streams entries into the primary store: an archive that is not committed, as its manifest is the caller's to complete and to
 * write. `newKeys` may have been begun earlier: their derivation is slow on purpose.
 */
export const writeFile = async (
  app: App,
  target: Target,
  { server, entries, keyAt }: Content,
  newKeys: Promise<SealKeys> = newSealKeys(app),
): Promise<{ readonly key: string; readonly manifest: WholeFile }> => {
  const { run, plan, stores } = app;
  const started = run.now();
  const id = run.randomBytes(16).toString('hex');
  const sealKeys = await newKeys;
  const form = { compression: plan.compression, encryption: sealKeys?.parameters ?? null };
  const key = await freeKey(stores.primary, (time) => keyAt(time, form), started);
  const meter: Meter = { entries: [], sourceBytes: 0 };
  const progress = app.progress(`backup ${target.name}`);
  try {
    const packed = pack(measured(entries, meter, progress.add), started);
    const plain = compress(run, readAhead(packed, readAheadBytes), form.compression);
    const sealing = startSealing(plain, id, sealKeys?.keys);
    const archiveBytes = await stores.primary.put(key, sealing.bytes, { signal: run.signal });
    const manifest: WholeFile = {
      format: 1,
      id,
      environment: plan.environment,
      target: target.name,
      engine: target.engine,
      archive: fileName(key),
      program: `${names.program} ${programVersion}`,
      server,
      startedAt: started.toISOString(),
      finishedAt: run.now().toISOString(),
      ...meter,
      archiveBytes,
      ...form,
      seal: sealing.seal(),
      verifications: [],
    };
    return { key, manifest };
  } finally {
    progress.done();
  }
};

/**
 * Streams a dump into the primary store and commits it: archive first, manifest last. Nothing is committed unless every
 * entry ended cleanly.
 */
export const writeArchive = async (
  app: App,
  target: Target,
  dump: Dump,
  tier: Tier,
  newKeys?: Promise<SealKeys>,
): Promise<Written> => {
  const keyAt = (time: Date, form: Form): string => archiveKey(target.name, tier, time, form);
  const { key, manifest: file } = await writeFile(app, target, { ...dump, keyAt }, newKeys);
  const manifest: Manifest = { ...file, tier, fingerprint: await dump.fingerprint() };
  await writeManifest(app.stores.primary, key, manifest, app.keys, { replace: false });
  return { key, manifest };
};
