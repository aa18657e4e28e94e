import { expect, test } from '@jest/globals';
import {
  hourOf,
  indexKey,
  parseIndexKey,
  parsePieceKey,
  pieceKey,
  type PieceName,
} from '../../../runtime/src/wal/names.ts';

const piece: PieceName = {
  system: '7345678901234567890',
  timeline: 10,
  from: 0x16b3748n,
  to: 0xffff_ffff_ffff_ffffn,
  time: 1_790_000_000_123,
  mac: 'ab'.repeat(32),
  compression: 'zstd',
  encrypted: true,
};

const key = `wal/pg/7345678901234567890/0000000a/00000000016b3748_ffffffffffffffff_1790000000123_${'ab'.repeat(32)}.wal.zst.enc`;

test('a key holds all that a piece is proved by', () => {
  expect(pieceKey('pg', piece)).toBe(key);
  expect(parsePieceKey('pg', key)).toEqual(piece);
  const clear: PieceName = { ...piece, compression: 'gzip', encrypted: false, timeline: 1 };
  expect(parsePieceKey('pg', pieceKey('pg', clear))).toEqual(clear);
});

test.each([
  ['of another target', key.replace('pg/', 'pg2/')],
  ['below another folder', key.replace('pg/', 'pg/weekly/')],
  ['with a longer path', key.replace('/0000000a/', '/0000000a/x/')],
  ['of timeline 0', key.replace('0000000a', '00000000')],
  ['with capitals', key.replace('0000000a', '0000000A')],
  ['with a short position', key.replace('00000000016b3748', '16b3748')],
  ['that ends before it begins', key.replace('ffffffffffffffff', '0000000000000000')],
  ['that is empty', key.replace('ffffffffffffffff', '00000000016b3748')],
  ['with a padded time', key.replace('1790000000123', '01790000000123')],
  ['with a short MAC', key.replace('ab.', '.')],
  ['with another compression', key.replace('.zst', '.xz')],
  ['with another ending', `${key}.partial-000000000000`],
  ['of a system that is no number', key.replace('7345678901234567890', '0xff')],
])('a key %s is no piece', (_, wrong) => {
  expect(wrong).not.toBe(key);
  expect(parsePieceKey('pg', wrong)).toBeUndefined();
});

test('an index is named by its hour', () => {
  const index = indexKey('pg', {
    system: '73',
    timeline: 2,
    hour: hourOf(new Date('2026-11-29T09:59:59.999Z')),
  });
  expect(index).toBe('wal/pg/73/00000002/2026-11-29T09.index.json');
  expect(parseIndexKey('pg', index)).toEqual({ system: '73', timeline: 2, hour: '2026-11-29T09' });
  expect(parseIndexKey('pg', key)).toBeUndefined();
  expect(parsePieceKey('pg', index)).toBeUndefined();
});
