import { microsecondsOf, millisecondsOf } from '../timestamps.ts';
import type { LogChunk } from '../../engine-log.ts';
import type { CopiedPiece } from './copied.ts';

/** How a message begins that a server sends while the log flows: https://www.postgresql.org/docs/current/protocol-replication.html */
export type MessageHead =
  | { readonly kind: 'log'; readonly from: bigint; readonly end: bigint; readonly sentAt: Date }
  | { readonly kind: 'alive'; readonly end: bigint; readonly sentAt: Date; readonly wantsReply: boolean };

const timeOf = (micros: bigint): Date => new Date(millisecondsOf(micros));

const logHeaderBytes = 25;
const aliveBytes = 18;

/** @param message what there is of it, up to the log. @throws Error for any other message */
const parseHead = (message: Buffer): MessageHead => {
  const kind = String.fromCharCode(message[0] ?? 0);
  if (kind === 'w' && message.length === logHeaderBytes)
    return {
      kind: 'log',
      from: message.readBigUInt64BE(1),
      end: message.readBigUInt64BE(9),
      sentAt: timeOf(message.readBigInt64BE(17)),
    };
  if (kind === 'k' && message.length >= aliveBytes)
    return {
      kind: 'alive',
      end: message.readBigUInt64BE(1),
      sentAt: timeOf(message.readBigInt64BE(9)),
      wantsReply: message[17] === 1,
    };
  throw new Error(`not a message of a log: ${JSON.stringify(kind)}, ${message.length} bytes`);
};

/** Reads messages whose pieces come one after the other; the log of one is handed on as it comes. It throws for any other message. */
export const messageReader = (
  onHead: (head: MessageHead) => void,
  onLog: (chunk: LogChunk) => void,
): ((piece: CopiedPiece) => void) => {
  const head = Buffer.alloc(logHeaderBytes);
  let filled = 0;
  let log: { from: bigint; readonly sentAt: Date } | undefined;
  /** @returns bytes of the piece that belong to the head */
  const takeHead = ({ bytes, begins, ends }: CopiedPiece): number => {
    if (begins) [filled, log] = [0, undefined];
    const taken = bytes.copy(head, filled);
    filled += taken;
    if (filled < logHeaderBytes && !ends) return taken;
    const found = parseHead(head.subarray(0, filled));
    if (found.kind === 'log') log = found;
    onHead(found);
    return taken;
  };
  return (piece) => {
    const bytes = piece.bytes.subarray(piece.begins || !log ? takeHead(piece) : 0);
    if (!log || bytes.length === 0) return;
    onLog({ ...log, bytes });
    log = { ...log, from: log.from + BigInt(bytes.length) };
  };
};

/** Standby status update: how far the log came here, and how far it is durable. */
export const statusUpdate = (status: {
  readonly received: bigint;
  readonly durable: bigint;
  readonly now: Date;
  readonly wantsReply: boolean;
}): Buffer => {
  const message = Buffer.alloc(34);
  message.write('r');
  message.writeBigUInt64BE(status.received, 1);
  message.writeBigUInt64BE(status.durable, 9);
  message.writeBigUInt64BE(status.durable, 17); // nothing is applied here: what waits for that waits for the store
  message.writeBigInt64BE(microsecondsOf(status.now), 25);
  message[33] = status.wantsReply ? 1 : 0;
  return message;
};
