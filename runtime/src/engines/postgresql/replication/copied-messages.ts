import type { CopiedPiece } from './copied.ts';

/** Of what a server copies: messages that say something, and the data between them, which came in messages of kind `d`. */
export type Copied = { readonly message: Buffer } | { readonly data: Buffer };

const dataKind = 'd'.charCodeAt(0);

/** Data that goes on together: every step of a pipeline costs alike for a large and a small chunk. @default 1 MiB */
const dataBytes = 1 << 20;

/** Names of tar files and folders: far more than the server has. */
const mostMessageBytes = 64 << 10;

/** Puts messages together from their pieces, and joins the data of many. */
export const joinMessages = (push: (copied: Copied) => void) => {
  let message: Buffer[] | undefined;
  let [memory, filled] = [Buffer.alloc(0), 0];
  const flush = (): void => {
    if (filled > 0) push({ data: memory.subarray(0, filled) });
    [memory, filled] = [Buffer.alloc(0), 0];
  };
  const addData = (bytes: Buffer): void => {
    for (let taken = 0; taken < bytes.length;) {
      if (filled === memory.length) {
        flush();
        memory = Buffer.allocUnsafeSlow(dataBytes);
      }
      const copied = bytes.copy(memory, filled, taken);
      filled += copied;
      taken += copied;
    }
  };
  const addMessage = (bytes: Buffer, ends: boolean): void => {
    const pieces = [...(message ?? []), Buffer.from(bytes)];
    if (pieces.reduce((sum, { length }) => sum + length, 0) > mostMessageBytes)
      throw new Error(`the server sent a message of more than ${mostMessageBytes} bytes`);
    message = ends ? [] : pieces;
    if (!ends) return;
    flush();
    push({ message: Buffer.concat(pieces) });
  };
  return {
    take: ({ bytes, begins, ends }: CopiedPiece): void => {
      const isData = begins ? bytes[0] === dataKind : message === undefined;
      if (begins) message = isData ? undefined : [];
      if (isData) addData(begins ? bytes.subarray(1) : bytes);
      else addMessage(bytes, ends);
    },
    /** Hands on the data that waits for more. */
    flush,
  };
};
