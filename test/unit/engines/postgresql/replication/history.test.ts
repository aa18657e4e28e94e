import { expect, test } from '@jest/globals';
import { ancestors } from '../../../../../runtime/src/engines/postgresql/replication/history.ts';
import {
  formatPosition,
  parsePosition,
} from '../../../../../runtime/src/engines/postgresql/replication/positions.ts';

test('positions are written as the server writes them', () => {
  expect(formatPosition(0x16b3748n)).toBe('0/16B3748');
  expect(formatPosition(0xab_0000_0001n)).toBe('AB/1');
  for (const text of ['0/0', '0/16B3748', 'FFFFFFFF/FFFFFFFF'])
    expect(formatPosition(parsePosition(text)!)).toBe(text);
});

test.each(['', '/', '0', '0/', '/0', '0/g', '0/123456789', '123456789/0', ' 0/0', '0/0 ', '-1/0', '0x1/0'])(
  'text %j is no position',
  (text) => expect(parsePosition(text)).toBeUndefined(),
);

test('a history names the timelines before, and where each ended', () => {
  const text = '1\t0/3000148\tno recovery target specified\n\n# a comment\n2\tA/5000000\tbefore 2026\n';
  expect(ancestors(Buffer.from(text))).toEqual([
    { timeline: 1, at: 0x3000148n },
    { timeline: 2, at: 0xa_0500_0000n },
  ]);
});

test.each(['x\t0/1\tno', '1', '1\t', '1\tnowhere\tno', '0\t0/1\tno', '99999999999\t0/1\tno'])(
  'a line %j is refused',
  (line) => expect(() => ancestors(Buffer.from(`${line}\n`))).toThrow(/not a line of a timeline's history/),
);
