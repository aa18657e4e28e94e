import { describe, expect, test } from '@jest/globals';
import { partSize, partsOf } from '../../../runtime/src/store/s3-parts.ts';
import { streamOf } from '../../kit/streams.ts';

/** S3's limits ("Multipart upload limits"). */
const maxParts = 10_000;
const maxObjectBytes = 5 * 2 ** 40;
const maxPartBytes = 5 * 2 ** 30;

const cut = async (minimumBytes: number, ...chunks: string[]) => {
  const parts = [];
  for await (const { data, ...rest } of partsOf(streamOf(...chunks), minimumBytes))
    parts.push({ ...rest, text: data.toString() });
  return parts;
};

describe('parts of an upload', () => {
  test('hold the stream in order, whatever its chunks', async () => {
    expect(await cut(4, 'a', 'bcdefgh', 'ij')).toEqual([
      { number: 1, text: 'abcd', end: 4, last: false },
      { number: 2, text: 'efgh', end: 8, last: false },
      { number: 3, text: 'ij', end: 10, last: true },
    ]);
  });

  test('are one, and it is the last, for a stream that fits, even an empty one', async () => {
    expect(await cut(4, 'ab', 'cd')).toEqual([{ number: 1, text: 'abcd', end: 4, last: true }]);
    expect(await cut(4)).toEqual([{ number: 1, text: '', end: 0, last: true }]);
  });

  test('use buffers again that were given back, if they have the size', async () => {
    const spare = [Buffer.alloc(3), Buffer.alloc(4)];
    const given = spare[1]!.buffer;
    const reused: boolean[] = [];
    for await (const { data } of partsOf(streamOf('abcdefgh', 'i'), 4, spare))
      reused.push(data.buffer === given);
    expect(reused).toEqual([true, false, false]);
    expect(spare).toEqual([]);
  });

  test('suffice for the largest object that S3 takes', () => {
    let [sent, parts, largest] = [0, 0, 0];
    for (; sent < maxObjectBytes; parts++) {
      largest = partSize(sent, 8 << 20);
      sent += largest;
    }
    expect(parts).toBeLessThanOrEqual(maxParts);
    expect(largest).toBeLessThanOrEqual(maxPartBytes);
  });

  test('keep their smallest size for the first 10 GiB', () => {
    expect(partSize(10 * 2 ** 30, 8 << 20)).toBe(8 << 20);
  });
});
