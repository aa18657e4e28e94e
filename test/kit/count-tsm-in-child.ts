import { once } from 'node:events';
import { pack } from 'tar-stream';
import { checkedShard } from '../../runtime/src/engines/influxdb/shard.ts';
import { ItemCounts } from '../../runtime/src/engines/influxdb/tsm/item-counts.ts';
import { peakMegabytes } from './peak-megabytes.ts';
import { testRun } from './run.ts';
import { encodeBlock, indexOfKey, tsmFooter, tsmHeader } from './tsm.ts';

/**
 * Counts a shard of two TSM files with the same points, of SERIES series and BLOCKS blocks each, and prints the result and
 * the memory that it took: node count-tsm-in-child.ts SERIES BLOCKS
 */
const [series, blocks] = process.argv.slice(2).map(Number) as [number, number];

/** Times that take many bytes: at no regular steps, a few ms apart. */
const timesFrom = (start: number): readonly bigint[] =>
  Array.from({ length: 100 }, (_, n) => BigInt(start + n) * 5_000_000n + BigInt((n * 7919) % 4_999_999));

const blockOf = Array.from({ length: blocks }, (_, n) => {
  const times = timesFrom(n * 100);
  const bytes = encodeBlock({ type: 'boolean', times, values: times.map(() => true) });
  return { bytes, min: times[0]!, max: times.at(-1)! };
});
const ofKey = Buffer.concat(blockOf.map(({ bytes }) => bytes));
const keyOf = (n: number): string => `temperature,probe=${`${n}`.padStart(60, '0')}#!~#celsius`;

const indexOf = (n: number): Buffer => {
  let offset = tsmHeader.length + n * ofKey.length;
  const entries = blockOf.map(({ bytes, min, max }) => {
    offset += bytes.length;
    return { min, max, offset: offset - bytes.length, size: bytes.length };
  });
  return indexOfKey(keyOf(n), 2, entries);
};

function* file(): Generator<Buffer> {
  yield tsmHeader;
  for (let n = 0; n < series; n++) yield ofKey;
  for (let n = 0; n < series; n++) yield indexOf(n);
  yield tsmFooter(tsmHeader.length + series * ofKey.length);
}

const tar = pack();
const write = async (): Promise<void> => {
  for (const name of ['1.tsm', '2.tsm']) {
    const size = tsmHeader.length + series * (ofKey.length + indexOf(0).length) + 8;
    const entry = tar.entry({ name, size });
    for (const bytes of file()) if (!entry.write(bytes)) await once(entry, 'drain');
    const closed = once(entry, 'close');
    entry.end(undefined);
    await closed;
  }
  tar.finalize();
};

const run = testRun();
const counts = new ItemCounts(run, new Date(), 'tags');
counts.begin('item', [{ start: '1970-01-01T00:00:00Z', end: '1970-01-08T00:00:00Z' }]);
const look = { count: counts.shard('item') };
const written = write();
let bytes = 0;
for await (const chunk of checkedShard(tar as AsyncIterable<Buffer>, '1', 'dump.damaged', look))
  bytes += chunk.length;
await written;
const result = counts.result()['item']!;
await counts.close();
await run.dispose();
console.log(JSON.stringify({ ...result, bytes, peakMegabytes: peakMegabytes() }));
