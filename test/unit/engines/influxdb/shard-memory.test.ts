import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pack } from 'tar-stream';
import { checkedShard } from '../../../../runtime/src/engines/influxdb/shard.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const pieces = 40_000;
const piece = Buffer.alloc(16 << 10, 1);

/** The tar of a shard with one large member, and what is called before so many of its pieces. */
async function* tarOf(look: (pieces: number) => void): AsyncGenerator<Buffer> {
  const tar = pack();
  tar.entry({ name: 'grill/autogen/1/fields.idx', size: pieces * piece.length });
  const [header] = (await once(tar, 'data')) as [Buffer];
  yield header;
  for (let n = 0; n < pieces; n++) {
    look(n);
    yield piece;
  }
  yield Buffer.alloc(1024);
}

test('a shard that passes leaves nothing behind for each of its pieces', async () => {
  const heap: number[] = [];
  const look = (n: number): void => {
    if (n % 30_000 !== 5_000) return;
    collectGarbage();
    heap.push(process.memoryUsage().heapUsed);
  };
  for await (const chunk of checkedShard(tarOf(look), '1', 'dump.damaged'))
    expect(chunk.length).toBeGreaterThan(0);
  const [before = 0, after = 0] = heap;
  expect(heap).toHaveLength(2);
  expect((after - before) / 30_000).toBeLessThan(100); // it was 350 bytes
}, 60_000);
