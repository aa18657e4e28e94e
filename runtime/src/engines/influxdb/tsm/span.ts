/** Part of a buffer, without a buffer of its own: there are millions of them. */
export interface Span {
  data: Buffer;
  from: number;
  to: number;
}

export const emptySpan = (): Span => ({ data: Buffer.alloc(0), from: 0, to: 0 });

/** Less than 0 where the bytes of `a` come before those of `b`, 0 where they are the same. */
export const compareSpans = (a: Span, b: Span): number => {
  const [first, second] = [a.data, b.data];
  const shorter = Math.min(a.to - a.from, b.to - b.from);
  for (let n = 0; n < shorter; n++) {
    const difference = (first[a.from + n] ?? 0) - (second[b.from + n] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.to - a.from - (b.to - b.from);
};
