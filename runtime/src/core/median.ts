/** Middle value; of an even count, the mean of the two. @param values at least one */
export const median = (values: ArrayLike<number>): number => {
  const sorted = Float64Array.from(values).sort(); // by number, and far quicker than with a function
  const middle = sorted.length >> 1;
  const [high = NaN, low = high] = [sorted[middle], sorted[sorted.length % 2 ? middle : middle - 1]];
  return (low + high) / 2;
};
