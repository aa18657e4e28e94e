import { microsecondsOf, millisecondsOf } from '../timestamps.ts';

/** What a server sends while the log flows: https://www.postgresql.org/docs/current/protocol-replication.html */
export type Message =
  | {
      readonly kind: 'log';
      readonly from: bigint;
      readonly bytes: Buffer;
      readonly end: bigint;
      readonly sentAt: Date;
    }
  | { readonly kind: 'alive'; readonly end: bigint; readonly sentAt: Date; readonly wantsReply: boolean };

const timeOf = (micros: bigint): Date => new Date(millisecondsOf(micros));

const logHeaderBytes = 25;
const aliveBytes = 18;

/** The log is in the memory of the message, which the parser uses again. @throws Error for any other message */
export const parseMessage = (message: Buffer): Message => {
  const kind = String.fromCharCode(message[0] ?? 0);
  if (kind === 'w' && message.length >= logHeaderBytes)
    return {
      kind: 'log',
      from: message.readBigUInt64BE(1),
      end: message.readBigUInt64BE(9),
      sentAt: timeOf(message.readBigInt64BE(17)),
      bytes: message.subarray(logHeaderBytes),
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
