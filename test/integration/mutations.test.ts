import { canonical } from '../../runtime/src/core/canonical-json.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { authenticate, readArchive } from '../../runtime/src/archives/catalogue.ts';
import { decodeManifest } from '../../runtime/src/archives/manifest.ts';
import { openApp, type App } from '../../runtime/src/session/app.ts';
import { openBytes } from '../../runtime/src/archives/read.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { segmentBytes } from '../../runtime/src/crypto/segments.ts';
import { parsePlan } from '../../runtime/src/plan/parse.ts';
import { planFor } from '../kit/installation.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { collect, entriesOf } from '../kit/streams.ts';

/** Of each kind that chance varies; the others are one mutation each. */
const mutations = { archive: 150, manifest: 370 };

/** A generator that a seed fixes, so that a failure can be repeated (Marsaglia's xorshift32). */
const randomFrom = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

/** Bytes that do not compress, the same for every run of the test. */
const noise = (length: number, seed: string): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 64) }, (_, index) =>
      createHash('sha512').update(`${seed}${index}`).digest(),
    ),
  ).subarray(0, length);

let run: TestRun;
let app: App;
let folder: string;
let key: string;
let intact: { archive: Buffer; manifest: string; plain: Buffer };
let older: { archive: Buffer; manifest: string };

const file = (name: string): string => join(folder, 'backup', name);
const load = (name: string) => ({
  archive: readFileSync(file(name)),
  manifest: readFileSync(file(`${name}.manifest.json`), 'utf8'),
});

const write = async (content: Buffer): Promise<string> => {
  const dump = {
    server: { product: 'PostgreSQL', version: '15.18', tools: {} },
    entries: entriesOf({ 'grillstats.dump': content }),
    fingerprint: () => Promise.resolve({ 'public.users': { rows: 3 } }),
    close: () => Promise.resolve(),
  };
  return (await writeArchive(app, app.plan.targets[0]!, dump, 'daily')).key;
};

/** Reads an archive as a restore does, and keeps what came out before it was refused. */
const read = async (): Promise<{ released: Buffer; code: string | undefined; exitCode: number }> => {
  const chunks: Buffer[] = [];
  try {
    const archive = await readArchive(app.stores.primary, key);
    const manifest = await authenticate(archive, app.keys);
    for await (const chunk of openBytes(app, { ...archive, manifest }, 'test')) chunks.push(chunk);
    return { released: Buffer.concat(chunks), code: undefined, exitCode: 0 };
  } catch (error) {
    if (!isBackupError(error)) throw error;
    return { released: Buffer.concat(chunks), code: error.code, exitCode: error.exitCode };
  }
};

beforeAll(async () => {
  let now = Date.parse('2024-01-01T02:00:00Z');
  run = testRun({
    now: () => new Date((now += 1000)),
    readSecret: () => Promise.resolve('correct horse battery staple'),
  });
  folder = run.scratchDir;
  mkdirSync(join(folder, 'backup'));
  const connection = { host: 'db', database: 'grillstats' };
  const plan = parsePlan(
    planFor(join(folder, 'backup'), [
      { name: 'postgresql', engine: 'postgresql', connection, secret: { name: 'postgresql' } },
    ]),
    {},
  );
  app = await openApp(run, plan, () => ({ add: () => {}, done: () => {} }));
  older = load(await write(noise(segmentBytes + 5_000, 'older')));
  key = await write(noise(segmentBytes + 90_000, 'newer'));
  const { archive, manifest } = load(key);
  const named = await readArchive(app.stores.primary, key);
  const opened = await authenticate(named, app.keys);
  intact = {
    archive,
    manifest,
    plain: await collect(openBytes(app, { ...named, manifest: opened }, 'test')),
  };
}, 60_000);

afterAll(() => run.dispose());

type Mutate = (random: (below: number) => number) => { archive?: Buffer; manifest?: string };

const withByte = (bytes: Buffer, at: number, flip: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= flip;
  return copy;
};

const segmentsOf = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / segmentBytes) }, (_, index) =>
    bytes.subarray(index * segmentBytes, (index + 1) * segmentBytes),
  );

const withJson = (change: (manifest: Record<string, unknown>) => void): string => {
  const manifest = JSON.parse(intact.manifest) as Record<string, unknown>;
  change(manifest);
  return JSON.stringify(manifest);
};

const kinds: Readonly<Record<string, Mutate>> = {
  'flip a bit of the archive': (random) => ({
    archive: withByte(intact.archive, random(intact.archive.length), 1 << random(8)),
  }),
  'cut the archive': (random) => ({ archive: intact.archive.subarray(0, random(intact.archive.length)) }),
  'cut its head': (random) => ({ archive: intact.archive.subarray(1 + random(1000)) }),
  'extend the archive': (random) => ({
    archive: Buffer.concat([intact.archive, noise(1 + random(10_000), 'more')]),
  }),
  'remove a segment': (random) => ({
    archive: Buffer.concat(segmentsOf(intact.archive).toSpliced(random(2), 1)),
  }),
  'swap segments': () => ({ archive: Buffer.concat(segmentsOf(intact.archive).toReversed()) }),
  'replay a segment of an older archive': (random) => {
    const at = random(2);
    return { archive: Buffer.concat(segmentsOf(intact.archive).with(at, segmentsOf(older.archive)[at]!)) };
  },
  'replay the older archive': () => ({ archive: older.archive }),
  'replay the older manifest': () => ({ manifest: older.manifest }),
  'replay both': () => older,
  'flip a bit of the manifest': (random) => ({
    manifest: withByte(
      Buffer.from(intact.manifest, 'latin1'),
      random(intact.manifest.length),
      1 << random(8),
    ).toString('latin1'),
  }),
  'cut the manifest': (random) => ({
    manifest: intact.manifest.slice(0, random(intact.manifest.length - 2)),
  }),
  'swap segments and their digests': () => ({
    archive: Buffer.concat(segmentsOf(intact.archive).toReversed()),
    manifest: withJson((manifest) => (manifest['seal'] as { segments: string[] }).segments.reverse()),
  }),
  'take a field from the older manifest': (random) => {
    const other = JSON.parse(older.manifest) as Record<string, unknown>;
    const fields = Object.keys(other).filter(
      (field) => canonical(other[field]) !== canonical(JSON.parse(intact.manifest)[field]),
    );
    const field = fields[random(fields.length)]!;
    return { manifest: withJson((manifest) => (manifest[field] = other[field])) };
  },
  'claim that there is no encryption': () => ({
    manifest: withJson((manifest) => (manifest['encryption'] = null)),
  }),
};

/** A byte that JSON reads as the same text is no mutation of the manifest. */
const saysTheSame = (manifest: string): boolean => {
  try {
    return canonical(decodeManifest(manifest, key)) === canonical(decodeManifest(intact.manifest, key));
  } catch {
    return false;
  }
};

describe.each(Object.entries(kinds).map(([name, mutate], index) => ({ name, mutate, index })))(
  '$name',
  ({ name, mutate, index }) => {
    const times = mutate.length === 0 ? 1 : mutations[name.includes('manifest') ? 'manifest' : 'archive'];

    test(`is refused ${times} times, with nothing released that is not authentic`, async () => {
      const random = randomFrom(20_240_101 + index);
      for (let time = 0; time < times; time++) {
        const { archive = intact.archive, manifest = intact.manifest } = mutate(random);
        if (archive === intact.archive && saysTheSame(manifest)) continue;
        writeFileSync(file(key), archive);
        writeFileSync(file(`${key}.manifest.json`), manifest, 'latin1');
        const { released, exitCode } = await read();
        expect(exitCode).toBe(6);
        expect(released.length % segmentBytes === 0 || released.length < intact.plain.length).toBe(true);
        expect(intact.plain.subarray(0, released.length).equals(released)).toBe(true);
      }
    }, 120_000);
  },
);

test('the archive itself is not refused', async () => {
  writeFileSync(file(key), intact.archive);
  writeFileSync(file(`${key}.manifest.json`), intact.manifest);
  expect((await read()).released.equals(intact.plain)).toBe(true);
});
