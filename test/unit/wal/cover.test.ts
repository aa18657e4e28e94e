import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cover, type Stretch } from '../../../runtime/src/wal/cover.ts';

const stretches = fc.array(
  fc
    .tuple(fc.bigInt(0n, 60n), fc.bigInt(1n, 15n))
    .map(([from, length]): Stretch => ({ from, to: from + length })),
  { maxLength: 25 },
);

const has = (all: readonly Stretch[], byte: bigint): boolean =>
  all.some(({ from, to }) => from <= byte && byte < to);

test('slices are contiguous from the position, each within its object', () => {
  fc.assert(
    fc.property(stretches, fc.bigInt(0n, 70n), (all, from) => {
      const { slices, end } = cover(all, from);
      let position = from;
      for (const slice of slices) {
        expect(slice.from).toBe(position);
        expect(slice.to).toBeGreaterThan(slice.from);
        expect(all).toContain(slice.of);
        expect(slice.of.from).toBeLessThanOrEqual(slice.from);
        expect(slice.of.to).toBeGreaterThanOrEqual(slice.to);
        position = slice.to;
      }
      expect(end).toBe(position);
    }),
  );
});

test('the end is the first byte that nobody has, and the hole begins there and ends at the next byte that somebody has', () => {
  fc.assert(
    fc.property(stretches, fc.bigInt(0n, 70n), (all, from) => {
      const { end, hole } = cover(all, from);
      let expected = from;
      while (has(all, expected)) expected++;
      expect(end).toBe(expected);
      let next = end;
      while (next < 100n && !has(all, next)) next++;
      expect(hole).toEqual(next < 100n ? { from: end, to: next } : undefined);
    }),
  );
});

test('no more objects are read than are needed', () => {
  fc.assert(
    fc.property(stretches, (all) => {
      const { slices, end } = cover(all, 0n);
      // greedy is least: no two neighbours can be replaced by one
      for (const [index, slice] of slices.entries())
        expect(
          all.some(({ from, to }) => from <= slice.from && to >= (slices[index + 1]?.to ?? end + 1n)),
        ).toBe(false);
    }),
  );
});

test('order and repetition change nothing', () => {
  fc.assert(
    fc.property(
      stretches.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
      ),
      ([all, other]) => {
        expect(cover(other, 0n).end).toBe(cover(all, 0n).end);
      },
    ),
  );
});
