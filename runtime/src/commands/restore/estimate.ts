/**
 * Bytes a second of each step, as one run on a loaded machine of two cores took: a base of 1,183 MB was unpacked in 9 s, 864 MB of
 * log were replayed in 40 s, and a database of 1,105 MB was dumped and restored in about a minute.
 */
const unpacked = 130e6;
const replayed = 21e6;
const restored = 18e6;

/** How long a recovery takes with the restore after it: an order of size, for a person who waits. */
export const estimatedSeconds = (baseBytes: number, logBytes: number): number =>
  Math.ceil(baseBytes / unpacked + logBytes / replayed + baseBytes / restored);
