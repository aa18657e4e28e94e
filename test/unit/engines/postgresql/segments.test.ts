import { describe, expect, test } from '@jest/globals';
import {
  parseWanted,
  segmentName,
  timelineOf,
} from '../../../../runtime/src/engines/postgresql/recovery/segments.ts';

const MiB = 1 << 20;

describe('files of the log', () => {
  test.each([
    [16 * MiB, 1, 0xa3n, '0000000100000000000000A3'],
    [16 * MiB, 2, 0x1_02n, '000000020000000100000002'],
    [64 * MiB, 1, 0x1_05n, '000000010000000400000005'],
    [1024 * MiB, 10, 9n, '0000000A0000000200000001'],
  ])('of %i bytes have names, and are found by them', (bytes, timeline, segment, name) => {
    expect(segmentName(timeline, segment, bytes)).toBe(name);
    expect(parseWanted(name, bytes)).toEqual({ timeline, segment });
  });

  test('histories are known, and other files are not', () => {
    expect(parseWanted('00000002.history', 16 * MiB)).toEqual({ history: 2 });
    for (const name of ['RECOVERYXLOG', '000000010000000000000001.partial', '../1', ''])
      expect(parseWanted(name, 16 * MiB)).toBeUndefined();
  });

  test('come from the last timeline that begins before their end', () => {
    const log = {
      timelines: [
        { timeline: 1, from: 0n },
        { timeline: 3, from: BigInt(40 * MiB) },
      ],
      end: BigInt(70 * MiB),
    };
    const found = [0n, 1n, 2n, 3n, 4n, 5n].map((segment) => timelineOf(log, segment, 16 * MiB));
    expect(found).toEqual([1, 1, 3, 3, 3, undefined]);
  });
});
