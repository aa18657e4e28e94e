import { canonical } from '../../runtime/src/core/canonical-json.ts';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { authenticate, readArchive } from '../../runtime/src/archives/catalogue.ts';
import { type Manifest } from '../../runtime/src/archives/manifest.ts';
import { openApp, type App } from '../../runtime/src/session/app.ts';
import { readEntries } from '../../runtime/src/archives/read.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { segmentBytes } from '../../runtime/src/crypto/segments.ts';
import { parsePlan } from '../../runtime/src/plan/parse.ts';
import { documentForgeries, type Document } from '../kit/forgeries/document.ts';
import { pick, randomFrom, type Random } from '../kit/forgeries/random.ts';
import { textForgeries } from '../kit/forgeries/text.ts';
import { passphrase, planFor } from '../kit/installation.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { collect, entriesOf } from '../kit/streams.ts';

/** Of each family that chance varies. `AGREEMENT=35` makes more than 2,200 in all; CI takes a sample. */
const times = Number(process.env['AGREEMENT'] ?? 2);

const script = join(import.meta.dirname, '../../runtime/recovery/recover.sh');
const secret = passphrase;

let run: TestRun;
let folder: string;
let keyFile: string;
let tools: string;
/** The plan with a key, and the plan that stores in the clear. */
let sealed: App;
let clear: App;

interface Written {
  readonly name: string;
  readonly archive: Buffer;
  readonly manifest: string;
}

/** What both are given: two files, and a key or none. */
interface Case {
  readonly name: string;
  readonly archive: Buffer;
  readonly manifest: string | Buffer;
  readonly withKey: boolean;
}

let newer: Written;
let older: Written;
let large: Written;
let open: Written;

const backup = (): string => join(folder, 'backup');

const write = async (app: App, content: Buffer): Promise<Written> => {
  const dump = {
    server: { product: 'Redis', version: '7.0.15', tools: { 'redis-cli': '7.0.15' } },
    entries: entriesOf({ 'dump.rdb': content, 'sub/more.txt': Buffer.from('more') }),
    fingerprint: () => Promise.resolve({ 'db0/string': { keys: 3 }, 'db0/hash': { keys: 1, expiring: 0 } }),
    close: () => Promise.resolve(),
  };
  const { key } = await writeArchive(app, app.plan.targets[0]!, dump, 'daily');
  const file = join(backup(), key);
  return {
    name: key.slice('redis/'.length),
    archive: readFileSync(file),
    manifest: readFileSync(`${file}.manifest.json`, 'utf8'),
  };
};

/** Bytes that do not compress. */
const noise = (length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 64) }, (_, index) =>
      createHash('sha512').update(`noise ${index}`).digest(),
    ),
  ).subarray(0, length);

/** Derives keys once for each salt: the script's own derivation takes most of its time. */
const cachedPython = (): string => {
  const cache = join(folder, 'derived');
  mkdirSync(cache);
  return `#!/bin/sh
for salt; do :; done
[ -s "${cache}/$salt" ] || ${execFileSync('which', ['python3']).toString().trim()} "$@" >"${cache}/$salt"
exec cat "${cache}/$salt"
`;
};

beforeAll(async () => {
  let now = Date.parse('2024-01-01T02:00:00Z');
  run = testRun({ now: () => new Date((now += 1000)), readSecret: () => Promise.resolve(secret) });
  folder = run.scratchDir;
  mkdirSync(backup());
  keyFile = join(folder, 'passphrase');
  writeFileSync(keyFile, `${secret}\n`);
  tools = join(folder, 'tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'python3'), cachedPython(), { mode: 0o755 });
  const targets = [
    { name: 'redis', engine: 'redis', connection: { host: 'redis' }, secret: { name: 'redis' } },
  ];
  const openWith = (more: object) =>
    openApp(run, parsePlan(planFor(backup(), targets, more), {}), () => ({ add: () => {}, done: () => {} }));
  [sealed, clear] = [await openWith({}), await openWith({ encryption: { enabled: false } })];
  older = await write(sealed, Buffer.from('older'));
  newer = await write(sealed, Buffer.from('newer, and a little longer'));
  large = await write(sealed, noise(segmentBytes + 90_000));
  open = await write(clear, Buffer.from('in the clear'));
}, 60_000);

afterAll(() => run.dispose());

type Content = Readonly<Record<string, string>> | undefined;

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Entries that the program reads, or nothing where it refuses; anything but a known refusal fails the test. */
const byProgram = async ({ name, withKey }: Case): Promise<Content> => {
  const app = withKey ? sealed : clear;
  const content: Record<string, string> = {};
  try {
    const archive = await readArchive(app.stores.primary, `redis/${name}`);
    const manifest = await authenticate(archive, app.keys);
    for await (const entry of readEntries(app, { ...archive, manifest }, 'test'))
      content[entry.name] = hashOf(await collect(entry.content));
    return content;
  } catch (error) {
    if (!isBackupError(error)) throw error;
    expect(error.exitCode).toBe(6);
    return undefined;
  }
};

const filesIn = (place: string): readonly string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1));

/** Files that the script extracts; where it refuses, there are none, and it left nothing behind. */
const byScript = async ({ name, withKey }: Case): Promise<Content> => {
  const into = join(folder, 'into');
  rmSync(into, { recursive: true, force: true });
  const key = withKey ? ['--key-file', keyFile] : [];
  const child = spawn('/bin/sh', [script, 'extract', join(backup(), 'redis', name), ...key, '--into', into], {
    env: { PATH: `${tools}:${process.env['PATH']}`, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(readdirSync(folder).filter((file) => file.startsWith('grill-recover'))).toEqual([]);
  if (code === 0)
    return Object.fromEntries(filesIn(into).map((file) => [file, hashOf(readFileSync(join(into, file)))]));
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^(segment .*\n|the archive does not .*\n|not encrypted: .*\n)*error: .*\n$/),
  ]);
  expect(filesIn(into)).toEqual([]);
  return undefined;
};

/** Gives both the same; what they made of it, which has to be the same. */
const judge = async (given: Case): Promise<Content> => {
  const file = join(backup(), 'redis', given.name);
  writeFileSync(file, given.archive);
  writeFileSync(`${file}.manifest.json`, given.manifest);
  try {
    const [program, byRecover] = [await byProgram(given), await byScript(given)];
    expect({ given: given.manifest.toString(), recover: byRecover }).toEqual({
      given: given.manifest.toString(),
      recover: program,
    });
    return program;
  } finally {
    rmSync(file);
    rmSync(`${file}.manifest.json`);
  }
};

/** A manifest as somebody with the key would write it, or anybody where there is none. */
const signed = async ({ mac: _, ...document }: Document, keyed: boolean): Promise<string> => {
  const salt = (JSON.parse(newer.manifest) as Manifest).encryption!.macSalt;
  const { macKey } = await sealed.keys![0].macKeys(Buffer.from(salt, 'hex'));
  const digest = keyed ? createHmac('sha256', macKey) : createHash('sha256');
  const mac = digest.update('grill-backup manifest\0').update(canonical(document)).digest('hex');
  return `${JSON.stringify({ ...document, mac }, null, 1)}\n`;
};

const repeated = async (seed: number, given: (random: Random) => Case | Promise<Case>): Promise<number> => {
  const random = randomFrom(20_261_129 + 7919 * seed);
  let accepted = 0;
  for (let time = 0; time < times; time++) if (await judge(await given(random))) accepted++;
  return accepted;
};

test('what the program wrote is accepted by both', async () => {
  for (const written of [older, newer, large])
    expect(await judge({ ...written, withKey: true })).toBeDefined();
  expect(await judge({ ...open, withKey: false })).toBeDefined();
});

describe('without the key', () => {
  test.each(Object.entries(textForgeries).map((entry, index) => [...entry, index] as const))(
    'both judge a manifest alike: %s',
    async (_, forge, index) => {
      await repeated(index, (random) => ({
        ...newer,
        manifest: forge(newer.manifest, random),
        withKey: true,
      }));
      await repeated(index, (random) => ({
        ...open,
        manifest: forge(open.manifest, random),
        withKey: false,
      }));
    },
    600_000,
  );

  test('both refuse an archive in the clear in place of a sealed one, under any name', async () => {
    const document = JSON.parse(open.manifest) as Document;
    for (const withKey of [true, false])
      for (const name of [newer.name, open.name, `${open.name}.enc`, newer.name.replace('gz', 'zst')]) {
        const manifest = await signed({ ...document, archive: name }, false);
        const taken = await judge({ name, archive: open.archive, manifest, withKey });
        expect([name, withKey, taken !== undefined]).toEqual([name, withKey, name === open.name && !withKey]);
      }
  });

  test('both refuse the archive of another name or the manifest of another archive', async () => {
    for (const given of [
      { ...newer, manifest: older.manifest },
      { ...newer, archive: older.archive },
      { ...older, name: newer.name },
      { ...newer, name: newer.name.replace('.enc', '') },
    ])
      expect(await judge({ ...given, withKey: true })).toBeUndefined();
    expect(await judge({ ...newer, withKey: false })).toBeUndefined();
  });
});

const bytesOf = (random: Random, archive: Buffer): Buffer => {
  const at = random(archive.length);
  const segments = [archive.subarray(0, segmentBytes), archive.subarray(segmentBytes)];
  const flipped = Buffer.from(archive);
  flipped[at]! ^= 1 << random(8);
  return pick(random, [
    flipped,
    archive.subarray(0, at),
    archive.subarray(1 + random(100)),
    Buffer.concat([archive, noise(1 + random(100))]),
    Buffer.concat(segments.toReversed()),
    segments[0]!,
    segments[1]!,
    Buffer.concat([segments[0]!, segments[0]!]),
    Buffer.concat([older.archive, archive.subarray(older.archive.length)]),
  ]);
};

test('both judge an altered archive alike', async () => {
  await repeated(101, (random) => ({ ...newer, archive: bytesOf(random, newer.archive), withKey: true }));
  await repeated(102, (random) => ({ ...large, archive: bytesOf(random, large.archive), withKey: true }));
  await repeated(103, (random) => ({ ...open, archive: bytesOf(random, open.archive), withKey: false }));
}, 600_000);

describe('with the key', () => {
  test.each(Object.entries(documentForgeries).map((entry, index) => [...entry, index] as const))(
    'both judge a signed manifest alike: %s',
    async (_, forge, index) => {
      const forged = async (written: Written, random: Random, withKey: boolean): Promise<Case> => {
        const document = JSON.parse(written.manifest) as Document;
        forge(document, random, JSON.parse(older.manifest) as Document);
        return { ...written, manifest: await signed(document, withKey), withKey };
      };
      await repeated(200 + index, (random) => forged(newer, random, true));
      await repeated(300 + index, (random) => forged(open, random, false));
    },
    600_000,
  );
});
