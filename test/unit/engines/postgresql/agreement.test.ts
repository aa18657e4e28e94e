import { describe, expect, test } from '@jest/globals';
import { pointIn } from '../../../../runtime/src/engines/postgresql/agreement/find.ts';
import { parseSnapshot, sees } from '../../../../runtime/src/engines/postgresql/agreement/snapshot.ts';

describe('a snapshot', () => {
  test('sees what had ended, and nothing that ran or came later', () => {
    const snapshot = parseSnapshot('735:740:736,738');
    const seen = [1, 734, 735, 736, 737, 738, 739, 740, 900].filter((xid) => sees(snapshot, BigInt(xid)));
    expect(seen).toEqual([1, 734, 735, 737, 739]);
  });

  test('tells ids of 32 bits apart around their end', () => {
    const snapshot = parseSnapshot(`${2n ** 32n + 2n}:${2n ** 32n + 5n}:`);
    const [old, next] = [2n ** 32n - 1n, 5n];
    expect([sees(snapshot, old), sees(snapshot, 4n), sees(snapshot, next)]).toEqual([true, true, false]);
  });
});

describe('the point of a dump', () => {
  const snapshot = parseSnapshot('735:740:736,738');
  const commits = (...xids: number[]) =>
    xids.map((xid, index) => ({ xid: BigInt(xid), at: BigInt(100 * index) }));

  test('is before the first commit that it did not see', () => {
    expect(pointIn(commits(734, 737, 739, 738, 740), snapshot, 1000n)).toEqual({
      until: { beforePosition: '0/12C' },
    });
  });

  test('is the end of the log of then, where it saw all', () => {
    expect(pointIn(commits(734, 735, 739), snapshot, 1000n)).toEqual({ until: { beforePosition: '0/3E8' } });
    expect(pointIn([], snapshot, 1000n)).toEqual({ until: { beforePosition: '0/3E8' } });
  });

  test('does not exist where it saw a commit that is after one which it did not see', () => {
    expect(pointIn(commits(734, 736, 739), snapshot, 1000n)).toEqual({
      none: expect.stringMatching(/saw transaction 739, but not 736/),
    });
  });
});
