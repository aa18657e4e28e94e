import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { collect } from '../../../runtime/src/core/process.ts';
import type { PartSizes } from '../../../runtime/src/engines/postgresql/block-cutter.ts';
import { dumpParts } from '../../../runtime/src/engines/postgresql/dump-parts.ts';
import { openDump } from '../../../runtime/src/engines/postgresql/dump.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { piecesOf } from '../../../runtime/src/engines/postgresql/pieces.ts';
import type { Earlier } from '../../../runtime/src/engines/engine-parts.ts';
import { alterEntry, replay, type Saved } from '../../conformance/engines/saved.ts';
import { oddTables } from '../../kit/odd-tables.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { streamOf } from '../../kit/streams.ts';

const run = testRun();
const sizes: PartSizes = { least: 200, gap: 400, most: 2000 };
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', 'CREATE DATABASE odd');
  await server.psql('odd', oddTables.join(';'));
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const source = (contentHash: boolean, count: 'stream' | 'server' = 'stream') => ({
  name: 'postgresql',
  connection: {
    host: server.host,
    port: server.port,
    database: 'odd',
    sslMode: 'prefer' as const,
    count,
    contentHash,
  },
  credentials: { username: server.user, password: server.password },
});

/** A dump in parts, those of an earlier one taken from it, as an archive has it. */
const dumped = async (contentHash = false, earlier?: Night, count?: 'stream' | 'server'): Promise<Night> => {
  const dump = await dumpParts(
    run,
    source(contentHash, count),
    earlier && asEarlier(earlier),
    { instant: true },
    () => sizes,
  );
  const [entries, parts, stored]: [{ name: string; bytes: Buffer }[], string[], string[]] = [[], [], []];
  try {
    for await (const entry of dump.entries) {
      const { name } = entry;
      if (!('isSame' in entry)) entries.push({ name, bytes: await collect(entry.content) });
      else entries.push({ name, bytes: earlier!.entries.find((one) => one.name === entry.earlier)!.bytes });
      if ('isSame' in entry || 'facts' in entry) parts.push(name);
      if ('facts' in entry) stored.push(`${entry.facts()['of']}`);
    }
    const fingerprint = await dump.fingerprint();
    return { server: dump.server, entries, fingerprint, parts, stored, notes: dump.notes() };
  } finally {
    await dump.close();
  }
};

interface Night extends Saved {
  readonly parts: readonly string[];
  /** Tables that parts which no earlier dump had are of. */
  readonly stored: readonly string[];
  readonly notes: Buffer;
}

const asEarlier = ({ parts, notes }: Night): Earlier => ({
  has: (entry) => parts.includes(entry),
  notes: () => streamOf(notes),
});

const restored = async (from: Saved) =>
  (
    await postgresql.restore(run, source(false), replay(from), {
      mode: 'trial',
      suffix: 'trial',
      expected: from.fingerprint,
      server: from.server,
    })
  ).fingerprint;

test.each([
  { least: 1, gap: 1, most: 7 },
  { least: 10, gap: 1, most: 50 },
  sizes,
  { least: 5000, gap: 5000, most: 20_000 },
])('pieces are byte by byte what pg_dump prints: %j', async (asked) => {
  const printed: Buffer[] = [];
  async function* seen(content: AsyncIterable<Buffer>) {
    for await (const chunk of content) {
      printed.push(Buffer.from(chunk));
      yield chunk;
    }
  }
  const dump = await openDump(run, source(false), {}, async function* ({ name, content }) {
    const pieces = piecesOf(seen(content), asked, (bytes) => bytes.toString('utf8'));
    const joined: Buffer[] = [];
    for await (const piece of pieces) joined.push(...('own' in piece ? [piece.own] : piece.part));
    yield { name, content: streamOf(Buffer.concat(joined)) };
  });
  let joined: Buffer = Buffer.alloc(0);
  for await (const { name, content } of dump.entries) {
    const bytes = await collect(content);
    if (name === 'odd.dump') joined = bytes;
  }
  await dump.close();
  expect(joined.length).toBeGreaterThan(300_000);
  expect(joined.equals(Buffer.concat(printed))).toBe(true);
});

test.each([
  [false, 'stream'],
  [true, 'stream'],
  [true, 'server'],
] as const)('odd tables come back from parts, content hashed: %s, counted by: %s', async (hashed, by) => {
  const night = await dumped(hashed, undefined, by);
  expect(night.parts.length).toBeGreaterThan(20);
  expect(await postgresql.inspect(run, replay(night), night.fingerprint)).toMatchObject(
    Object.fromEntries(
      Object.entries(night.fingerprint).map(([item, { rows, objects }]) => [
        item,
        { ...(rows !== undefined && rows !== 0 && { rows }), ...(objects !== undefined && { objects }) },
      ]),
    ),
  );
  expect(await restored(night)).toEqual(night.fingerprint);
});

test('the instant of the dump, which lies behind its pieces, is found', async () => {
  const night = await dumped(true);
  expect(night.entries.at(-1)?.name).toBe('instant.json');
  const { counted, position } = await postgresql.agreement!.read(run, replay(night), night.fingerprint);
  expect(counted).toEqual(night.fingerprint);
  expect(position).toBeGreaterThan(0n);
});

test('the second night stores the tables that have changed', async () => {
  const first = await dumped();
  expect((await dumped(false, first)).stored).toEqual([]);
  await server.psql(
    'odd',
    `CREATE TABLE "a first one" (x int); INSERT INTO lines SELECT repeat('new', 100); SELECT lo_from_bytea(0, 'another')`,
  );
  const second = await dumped(false, first);
  expect([...new Set(second.stored)]).toEqual(['public.lines', 'large objects']);
  expect(second.stored.length).toBeLessThan(first.stored.length / 2);
  expect(await restored(second)).toEqual(second.fingerprint);
  expect((await dumped(false, second)).stored).toEqual([]);
});

test('parts that are gone, and notes that cannot be read, are stored again', async () => {
  const first = await dumped();
  const [lost] = first.parts;
  expect(
    (await dumped(false, { ...first, parts: first.parts.filter((name) => name !== lost) })).stored,
  ).toHaveLength(1);
  expect((await dumped(false, { ...first, notes: Buffer.from('{}') })).stored).toEqual(first.stored);
});

test('equal parts go on once each', async () => {
  await server.psql('odd', 'CREATE TABLE twin AS TABLE lines; CREATE TABLE twins AS TABLE lines');
  const first = await dumped();
  const second = await dumped(false, first);
  expect(second.stored).toEqual([]);
  expect(await restored(second)).toEqual(second.fingerprint);
  await server.psql('odd', 'DROP TABLE twin, twins');
});

const harmed: Readonly<Record<string, (night: Night) => Saved>> = {
  'lacks one': (night) => ({
    ...night,
    entries: night.entries.filter(({ name }) => name !== night.parts[3]),
  }),
  'has two exchanged': (night) => {
    const [one, two] = [night.parts[3]!, night.parts.at(-1)!]; // of one table and of another
    const bytesOf = (name: string) => night.entries.find((entry) => entry.name === name)!.bytes;
    const swapped = alterEntry(night, one, () => bytesOf(two));
    return alterEntry(swapped, two, () => bytesOf(one));
  },
  'has one twice': (night) => ({
    ...night,
    entries: night.entries.flatMap((entry) => (entry.name === night.parts[3] ? [entry, entry] : [entry])),
  }),
  'has one that is cut': (night) => alterEntry(night, night.parts[3]!, (bytes) => bytes.subarray(0, -1)),
};

test.each(Object.entries(harmed))('a dump in parts that %s is refused', async (_, harm) => {
  const night = await dumped(true);
  await expect(postgresql.inspect(run, replay(harm(night)), night.fingerprint)).rejects.toMatchObject({
    code: expect.stringMatching(/^(archive|dump)\.damaged$/),
  });
});
