import { redis } from '../../runtime/src/engines/redis/index.ts';
import { testRun } from './run.ts';
import { peakMegabytes } from './peak-megabytes.ts';

/** Copies all keys of one server into another as a merge does, and prints the memory that it took: node merge-in-child.ts FROM TO */
const [from, to] = process.argv.slice(2).map((port) => ({
  name: 'redis',
  connection: { host: '127.0.0.1', port: Number(port) },
  credentials: {},
}));

const run = testRun();
const expected = await redis.fingerprint(run, from!, run.now());
const dump = await redis.dump(run, from!);
const { fingerprint } = await redis.restore(run, to!, dump.entries, {
  mode: 'replace',
  suffix: 'child',
  expected,
  server: dump.server,
  merge: true,
});
await dump.close();
await run.dispose();
const keys = Object.values(fingerprint).reduce((sum, counts) => sum + Number(counts.keys ?? 0), 0);
console.log(JSON.stringify({ peakMegabytes: peakMegabytes(), keys }));
