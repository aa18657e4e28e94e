import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { mustExist } from '../../../core/must-exist.ts';

/** A piece of a message that the server copies to us. Its bytes are theirs only during the call: the memory is read into again. */
export interface CopiedPiece {
  readonly bytes: Buffer;
  /** First of its message. */
  readonly begins: boolean;
  /** Last of its message. */
  readonly ends: boolean;
}

type Reader = (bytes: Buffer) => void;

/** Kind and length come before each message. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const headBytes = 5;
const lengthAt = 1;
const kindOfCopied = 'd'.charCodeAt(0);

/**
 * Reads messages as their bytes come: what is copied in pieces, all else as it is, in memory of its own. A copied message is
 * never gathered, so that its length, which the server says, costs nothing.
 */
export const splitCopied = (onPiece: (piece: CopiedPiece) => void, others: Reader): Reader => {
  const head = Buffer.alloc(headBytes);
  let [headFilled, left] = [0, 0];
  let [isCopied, begins] = [false, false];
  const takeHead = (bytes: Buffer): number => {
    const taken = bytes.copy(head, headFilled);
    headFilled = (headFilled + taken) % headBytes;
    if (headFilled > 0) return taken;
    left = head.readUInt32BE(lengthAt) - (headBytes - lengthAt);
    if (left < 0) throw new Error(`the server sent a message of ${left} bytes`);
    [isCopied, begins] = [head[0] === kindOfCopied, true];
    if (!isCopied) others(Buffer.from(head));
    else if (left === 0) onPiece({ bytes: bytes.subarray(0, 0), begins, ends: true });
    return taken;
  };
  const takeBody = (bytes: Buffer): number => {
    const part = bytes.subarray(0, left);
    left -= part.length;
    if (isCopied) onPiece({ bytes: part, begins, ends: left === 0 });
    else others(Buffer.from(part));
    begins = false;
    return part.length;
  };
  return (bytes) => {
    for (let at = 0; at < bytes.length;) at += (left === 0 ? takeHead : takeBody)(bytes.subarray(at));
  };
};

/** Memory of a read. @default 256 KiB - what a kernel holds ready while a server sends as fast as it can */
const readBytes = 256 << 10;

/** Sockets whose readers keep nothing of what they are given. */
const tapped = new WeakSet<Duplex>();

/** A socket that reads into the same memory again and again: fresh memory for each read took twice the CPU time of the reading. */
export const openSocket = (): Socket => {
  const memory = Buffer.allocUnsafeSlow(readBytes);
  const socket: Socket = new Socket({
    onread: {
      buffer: memory,
      callback: (length) => {
        const bytes = memory.subarray(0, length);
        // the parser of node-postgres keeps the beginning of a message until the rest is there
        socket.emit('data', tapped.has(socket) ? bytes : Buffer.from(bytes));
        return true;
      },
    },
  });
  return socket;
};

/**
 * Takes what the server copies past the parser of node-postgres, which would gather each message in memory and copy it twice.
 * Before the command is sent. @param onPiece what it throws ends the connection
 */
export const tapCopied = ({ stream }: Connection, onPiece: (piece: CopiedPiece) => void): void => {
  const parse = mustExist(stream.listeners('data')[0], 'parser of node-postgres') as Reader;
  const read = splitCopied(onPiece, parse);
  stream.off('data', parse);
  stream.on('data', (bytes: Buffer) => {
    try {
      read(bytes);
    } catch (error) {
      stream.destroy(error as Error);
    }
  });
  tapped.add(stream);
};
