import type { Fingerprint } from '../../../runtime/src/engines/engine.ts';
import type { HostileDump } from './fixture.ts';
import { alterEntry, dropEntry, type Saved } from './saved.ts';

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1);

const flip = (bytes: Buffer): Buffer => {
  const flipped = Buffer.from(bytes);
  flipped[bytes.length >> 1]! ^= 1;
  return flipped;
};

const on = (title: string, ending: string, alter: (bytes: Buffer) => Buffer): HostileDump => ({
  title,
  alter: (saved) => alterEntry(saved, ending, alter),
});

const listing = (saved: Saved) => saved.entries.at(-1)!;

/** What both generations have to find; `shard` is how the names of shards end, `description` that of the list of what is in. */
export const hostileDumps = (shard: string, description: string): readonly HostileDump[] => [
  on('shards cut in half', shard, half),
  on('shards without their last block', shard, (bytes) => bytes.subarray(0, -512)),
  on('shards with a flipped bit', shard, flip),
  on('shards of no bytes', shard, () => Buffer.alloc(0)),
  on('errors for shards', shard, () => Buffer.from('{"code":"internal error","message":"panic"}')),
  on('noise for shards', shard, (bytes) => Buffer.alloc(bytes.length, 'DROP DATABASE grill\n')),
  on('a description cut in half', description, half),
  on('a header that is no JSON', 'influxdb.json', half),
  on('a list of files that is no JSON', 'files.json', half),
  { title: 'no shards', alter: (saved) => dropEntry(saved, shard) },
  { title: 'no description', alter: (saved) => dropEntry(saved, description) },
  { title: 'no header', alter: (saved) => dropEntry(saved, 'influxdb.json') },
  { title: 'no list of files', alter: (saved) => dropEntry(saved, 'files.json') },
  {
    title: 'entries out of order',
    alter: (saved) => ({
      ...saved,
      entries: [saved.entries[0]!, ...saved.entries.slice(1, -1).toReversed(), listing(saved)],
    }),
  },
  {
    title: 'an entry twice',
    alter: (saved) => ({
      ...saved,
      entries: [...saved.entries.slice(0, -1), saved.entries.at(-2)!, listing(saved)],
    }),
  },
  {
    title: 'a file that leaves its folder',
    alter: (saved) => ({
      ...saved,
      entries: [
        saved.entries[0]!,
        { name: 'v1/grill/../../etc/passwd', bytes: Buffer.from('root') },
        ...saved.entries.slice(1),
      ],
    }),
  },
  { title: 'no entry at all', alter: (saved) => ({ ...saved, entries: [] }) },
];

const probes = ['brisket', 'ambient', 'pork shoulder', 'a,b=c'];
const minute = 60_000;

const escaped = (tag: string): string => tag.replaceAll(/[ ,=]/g, String.raw`\$&`);

/** Line protocol: `count` readings of four probes, one a minute up to now. */
export const readings = (measurement: string, count: number, from = Date.now()): string =>
  Array.from({ length: count }, (_, n) => {
    const probe = escaped(probes[n % probes.length]!);
    return `${measurement},probe=${probe} celsius=${20 + n / 7},battery=${n % 100}i ${from - n * minute}000000`;
  }).join('\n');

/** Line protocol: about `megabytes` of text that does not compress, in batches. */
export const ballast = (megabytes: number, random: (bytes: number) => string): readonly string[] =>
  Array.from({ length: megabytes }, (_, batch) =>
    Array.from({ length: 32 }, (_, n) => `ballast text="${random(16_000)}" ${batch * 32 + n + 1}`).join('\n'),
  );

/** Measures of a bucket or retention policy without their times: what is counted per shard summed up by type. */
export const totals = (measures: Fingerprint[string] = {}): Record<string, number | string> => {
  const found: Record<string, number | string> = {};
  for (const [measure, value] of Object.entries(measures)) {
    const type = measure.split(' ').at(-1)!;
    found[type] = typeof value === 'number' ? Number(found[type] ?? 0) + value : value;
  }
  return found;
};
