import type { Client, Connection, Submittable } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { LogChunk, LogStream, StreamStart, TimelineSwitch } from '../../engine-log.ts';
import type { PostgresqlSource } from '../client.ts';
import { chunkQueue, type ChunkQueue } from './chunk-queue.ts';
import { positionOf } from './commands.ts';
import { connectReplication } from './connection.ts';
import { tapCopied, type CopiedPiece } from './copied.ts';
import { messageReader, statusUpdate, type MessageHead } from './messages.ts';
import { formatPosition } from './positions.ts';
import { explained, replicationProblem } from './problems.ts';

/** Log that waits for its reader before the server is held back, and little more. */
const mostWaitingBytes = 1 << 20;

/** Far below wal_sender_timeout, which is 60 s: also a server that is held back hears of us. */
const statusMs = 10_000;

/** A server answers the status at once; one that is silent for so long is gone. */
const silenceMs = 60_000;

const farewellMs = 5_000;

/** What node-postgres has besides its types. */
interface Wire extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  query(text: string): void;
}

/** What a query of node-postgres is called back with. */
type Handlers = Submittable & Readonly<Record<string, unknown>>;

const wireOf = (client: Client): Wire => (client as unknown as { connection: Wire }).connection;

const startCommand = ({ slot, timeline, from }: StreamStart): string =>
  `START_REPLICATION SLOT "${slot}" PHYSICAL ${formatPosition(from)} TIMELINE ${timeline}`;

/** Where the log stands, here and there. */
interface Progress {
  received: bigint;
  durable: bigint;
  seen?: { readonly position: bigint; readonly at: Date };
  switched?: TimelineSwitch;
  heardAt: number;
  isHeldBack: boolean;
  /** The server takes no more reports. */
  isOver: boolean;
}

/** Handles the messages of one START_REPLICATION. */
const handlersOf = (
  start: StreamStart,
  wire: Wire,
  progress: Progress,
  queue: ChunkQueue,
  report: (wantsReply: boolean) => void,
): Handlers => {
  const onHead = (head: MessageHead): void => {
    progress.heardAt = performance.now();
    progress.seen = { position: head.end, at: head.sentAt };
    if (head.kind === 'alive' && head.wantsReply) report(false);
  };
  const onLog = (chunk: LogChunk): void => {
    progress.received = chunk.from + BigInt(chunk.bytes.length);
    queue.push(chunk);
  };
  const read = messageReader(onHead, onLog);
  const onPiece = (piece: CopiedPiece): void => {
    try {
      read(piece);
    } catch (error) {
      queue.end(error);
    }
  };
  return {
    submit: () => {
      tapCopied(wire, onPiece);
      wire.query(startCommand(start));
    },
    // the timeline ended: the next one, and where it began
    handleRowDescription: () => {},
    handleDataRow: ({ fields }: { readonly fields: readonly string[] }) => {
      const [timeline, at] = fields;
      progress.switched = { timeline: Number(timeline), at: positionOf(at ?? '') };
    },
    handleCommandComplete: () => {},
    handleReadyForQuery: () => queue.end(),
    handleError: (error: Error) => queue.end(error),
  };
};

/** Tells the server where we are, and gives up on one that is silent. */
const keepReporting = (wire: Wire, progress: Progress, queue: ChunkQueue) => {
  const report = (wantsReply: boolean): void => {
    const { received, durable, isOver } = progress;
    if (isOver || !wire.stream.writable) return;
    wire.sendCopyFromChunk(statusUpdate({ received, durable, now: new Date(), wantsReply }));
  };
  const timer = setInterval(() => {
    if (progress.isHeldBack) progress.heardAt = performance.now();
    if (performance.now() - progress.heardAt > silenceMs)
      queue.end(new BackupError('source.unreachable', `the server was silent for ${silenceMs / 1000}s`));
    else report(true);
  }, statusMs);
  return { report, stop: () => clearInterval(timer) };
};

const farewell = async (client: Client): Promise<void> => {
  const timer = setTimeout(() => wireOf(client).stream.destroy(), farewellMs);
  await client.end().catch(() => {});
  clearTimeout(timer);
};

const hold = (wire: Wire, progress: Progress) => (waiting: number) => {
  const isHeldBack = waiting > mostWaitingBytes;
  if (isHeldBack === progress.isHeldBack) return;
  progress.isHeldBack = isHeldBack;
  if (isHeldBack) wire.stream.pause();
  else wire.stream.resume();
};

/** Follows the log from a position on, over a connection of its own. */
export const stream = async (
  run: RunContext,
  source: PostgresqlSource,
  start: StreamStart,
): Promise<LogStream> => {
  const client = await explained(source, () => connectReplication(source, start.slot));
  const wire = wireOf(client);
  const progress: Progress = {
    received: start.from,
    durable: start.from,
    heardAt: performance.now(),
    isHeldBack: false,
    isOver: false,
  };
  const queue = chunkQueue(hold(wire, progress));
  const { report, stop } = keepReporting(wire, progress, queue);
  wire.on('replicationStart', () => report(true)); // an idle server then says at once that it is there
  wire.on('copyDone', () => {
    progress.isOver = true;
    wire.endCopyFrom();
  });
  client.on('end', () =>
    queue.end(new BackupError('source.unreachable', 'the server closed the connection')),
  );
  run.log.debug({ start: startCommand(start) }, 'asks for the log');
  client.query(handlersOf(start, wire, progress, queue, report));
  async function* chunks() {
    try {
      yield* queue.chunks;
    } catch (error) {
      throw replicationProblem(source, error);
    }
  }
  return {
    chunks: chunks(),
    confirm: (position) => {
      if (position <= progress.durable) return;
      progress.durable = position;
      report(false);
    },
    seen: () => progress.seen,
    switched: () => progress.switched,
    close: async () => {
      stop();
      queue.end();
      await farewell(client);
    },
  };
};
