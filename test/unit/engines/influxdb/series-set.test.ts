import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { checksum } from '../../../../runtime/src/engines/influxdb/tsm/checksum.ts';
import { HalfSipHash } from '../../../../runtime/src/engines/influxdb/tsm/half-sip-hash.ts';
import { SeriesSet } from '../../../../runtime/src/engines/influxdb/tsm/series-set.ts';

const hashOf = (key: Buffer, data: Buffer, from = 0, to = data.length): string => {
  const hash = new HalfSipHash(key);
  hash.update(data, from, to);
  return `${hash.low} ${hash.high}`;
};

describe('the hash of a series', () => {
  const key = Buffer.from('0001020304050607', 'hex');
  const data = Buffer.alloc(300, 'temperature,device=TW-1,probe=pit#!~#celsius');

  test('differs with every length, byte and key, and not with where the bytes lie', () => {
    const seen = new Set<string>();
    for (let length = 0; length <= 270; length++) seen.add(hashOf(key, data, 0, length));
    for (let at = 0; at < 270; at++) {
      const altered = Buffer.from(data);
      altered[at]! ^= 0x80;
      seen.add(hashOf(key, altered));
    }
    seen.add(hashOf(Buffer.from('0001020304050608', 'hex'), data));
    expect(seen.size).toBe(271 + 270 + 1);
    for (let at = 1; at < 9; at++)
      expect(hashOf(key, Buffer.concat([Buffer.alloc(at), data]), at)).toBe(hashOf(key, data));
  });

  test('has both halves of it spread evenly', () => {
    const hash = new HalfSipHash(randomBytes(8));
    const halves = Array.from({ length: 4096 }, (_, n) => {
      hash.update(Buffer.from(`device=${n}`), 0, 7 + `${n}`.length);
      return [hash.low, hash.high] as const;
    });
    for (const half of [0, 1])
      for (let bit = 0; bit < 32; bit++) {
        const ones = halves.filter((each) => (each[half]! >>> bit) & 1).length;
        expect(Math.abs(ones - 2048)).toBeLessThan(320); // ten standard deviations
      }
  });
});

test('a set counts each series once, and the live ones', () => {
  const set = new SeriesSet({ bytes: 1 << 20 });
  const all = Buffer.from(Array.from({ length: 20_000 }, (_, n) => `s${`${n}`.padStart(7, '0')}`).join(''));
  for (const isLive of [false, true])
    for (let n = 0; n < 20_000; n += isLive ? 2 : 1) set.add(all, isLive, n * 8, n * 8 + 8);
  set.add(Buffer.from('s0000001'), false);
  expect([set.size, set.liveSize, set.isWhole]).toEqual([20_000, 10_000, true]);
});

test('a set without room says so', () => {
  const set = new SeriesSet({ bytes: 0 });
  for (let n = 0; n < 2_000; n++) set.add(Buffer.from(`${n}`), true);
  expect(set.isWhole).toBe(false);
  expect(set.size).toBeLessThan(1_024);
});

test('the checksum of a block of any length is that of zlib', () => {
  const data = randomBytes(2_000);
  for (let from = 0; from < 9; from++)
    for (let to = from; to < 600; to++)
      expect(checksum(data, from, to)).toBe(crc32(data.subarray(from, to)) | 0);
  expect(checksum(data, 3, 2_000)).toBe(crc32(data.subarray(3)) | 0);
});
