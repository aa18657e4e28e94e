import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { unzstd, zstd, zstdWhole } from '../../../runtime/src/pipeline/zstd.ts';
import { brokenStream, collect, endlessStream, randomStream, streamOf } from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';

test('makes one legal zstd file, which the real zstd reads', async () => {
  const bytes = await collect(randomStream(5_500_000));
  const packed = await collect(zstd(streamOf(bytes), 1));
  expect((await collect(unzstd(streamOf(packed)))).equals(bytes)).toBe(true);
  expect(execFileSync('zstd', ['-dc'], { input: packed, maxBuffer: 1 << 26 }).equals(bytes)).toBe(true);
});

const magic = Buffer.from('28b52ffd', 'hex');

test.each([[[0]], [[1000, 1000, 1000]], [[262_128]], [[10_000, 0]], [[262_144, 262_144]]])(
  'makes one frame of chunks of %j bytes',
  async (sizes) => {
    const chunks = sizes.map((size) => randomBytes(size));
    const packed = await collect(zstd(streamOf(...chunks), 1));
    expect([packed.indexOf(magic), packed.lastIndexOf(magic)]).toEqual([0, 0]);
    expect((await collect(unzstd(streamOf(packed)))).equals(Buffer.concat(chunks))).toBe(true);
  },
);

test.each([0, 1, 16_371, 262_144, 4 << 20])(
  'makes one frame of %d bytes that are in memory',
  async (size) => {
    const bytes = randomBytes(size);
    const packed = await collect(zstdWhole(bytes, 1));
    expect([packed.indexOf(magic), packed.lastIndexOf(magic)]).toEqual([0, 0]);
    expect((await collect(unzstd(streamOf(packed)))).equals(bytes)).toBe(true);
  },
);

test('reads what the real zstd writes, in chunks of any size', async () => {
  const bytes = randomBytes(100_000);
  const packed = execFileSync('zstd', ['-9', '-c'], { input: bytes });
  const chunks = Array.from({ length: Math.ceil(packed.length / 7) }, (_, i) =>
    packed.subarray(7 * i, 7 * i + 7),
  );
  expect((await collect(unzstd(streamOf(...chunks)))).equals(bytes)).toBe(true);
});

test('a source that breaks breaks it', async () => {
  const broken = () => brokenStream(new Error('dump tool died'), 'x'.repeat(100_000));
  await expect(collect(zstd(broken(), 1))).rejects.toThrow('dump tool died');
  await expect(collect(unzstd(brokenStream(new Error('store went away'))))).rejects.toThrow(
    'store went away',
  );
});

test('a reader that stops early stops the source', async () => {
  let closed = false;
  const endless = endlessStream(() => (closed = true));
  const reading = (async () => {
    for await (const _chunk of zstd(endless, 1)) throw new Error('disk full');
  })();
  await expect(reading).rejects.toThrow('disk full');
  await until(() => closed);
});

const checksummed = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const frame = zstdCompressSync(randomBytes(300_000), checksummed);
const flipped = Buffer.from(frame);
flipped[1000]! ^= 1;
const wide = execFileSync('zstd', ['-1', '-c', '--zstd=wlog=27'], { input: Buffer.alloc(1 << 20) });

test.each([
  ['cut in half', frame.subarray(0, 150_000), /unexpected end of file/],
  ['cut before its checksum', frame.subarray(0, -4), /unexpected end of file/],
  ['nothing', Buffer.alloc(0), /unexpected end of file/],
  ['a flipped bit', flipped, /checksum/],
  ['bytes behind the frame', Buffer.concat([frame, Buffer.from('more')]), /4 bytes follow the frame/],
  ['a second frame', Buffer.concat([frame, frame]), /bytes follow the frame/],
  ['another format', Buffer.from('\x1f\x8b is gzip'), /Unknown frame descriptor/],
  ['a window of 128 MiB', wide, /too much memory/],
])('%s is an error', async (_title, bytes, message) => {
  await expect(collect(unzstd(streamOf(bytes)))).rejects.toThrow(message);
});
