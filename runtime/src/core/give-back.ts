/**
 * Gives the memory of buffers back at once, after which they are empty. V8 counts what lies outside of its heap until it has
 * searched that for garbage, and searches the sooner: of a server's backlog, each 9 MB. Small buffers share memory, and stay.
 */
export const giveBack = (buffers: readonly Buffer[]): void => {
  for (const memory of new Set(buffers.map(({ buffer }) => buffer)))
    if (memory instanceof ArrayBuffer && memory.byteLength > Buffer.poolSize) memory.transfer(0);
};
