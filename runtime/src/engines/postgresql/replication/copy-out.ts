import type { Client, Connection as PgConnection } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { joinMessages, type Copied } from './copied-messages.ts';
import { tapCopied } from './copied.ts';

/** What a server answers to one command, in its order: sets of rows, and what it copies. */
export type Answer = { readonly rows: readonly (readonly (string | null)[])[] } | Copied;

/** Of node-postgres; not in its types, the same since version 8.0. */
interface Connection extends PgConnection {
  query: (sql: string) => void;
}

/** Bytes that wait for the reader before the server is held back. @default 1 MiB - one piece of data */
const mostWaiting = 1 << 20;

const bytesOf = (answer: Answer): number => ('data' in answer ? answer.data.length : 0);

/** Queue between the connection, which is told to pause, and the reader. */
const openQueue = (connection: () => Connection | undefined) => {
  const answers: Answer[] = [];
  let [waiting, ended] = [0, false];
  let failure: Error | undefined;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  return {
    push: (answer: Answer): void => {
      answers.push(answer);
      waiting += bytesOf(answer);
      if (waiting > mostWaiting) connection()?.stream.pause();
      wake();
    },
    end: (error?: Error): void => {
      failure ??= error;
      ended = true;
      wake();
    },
    /** Undefined after the last one. */
    next: async (): Promise<Answer | undefined> => {
      while (answers.length === 0 && !ended) await changed.promise;
      if (failure) throw failure;
      const answer = answers.shift();
      if (answer) waiting -= bytesOf(answer);
      if (waiting <= mostWaiting) connection()?.stream.resume();
      return answer;
    },
  };
};

/**
 * Sends one command whose answer may be a stream of any length, which flows as fast as it is read. Whatever ends the reading
 * early ends the connection: nothing else stops a server that sends.
 */
export async function* answersOf(context: RunContext, client: Client, sql: string): AsyncGenerator<Answer> {
  let connection: Connection | undefined;
  let rows: (string | null)[][] = [];
  let expected = false;
  const queue = openQueue(() => connection);
  const copied = joinMessages(queue.push);
  const stop = (): void => {
    queue.end(new BackupError('run.interrupted', 'the stream of the server was stopped'));
    connection?.stream.destroy();
  };
  client.query({
    submit: (given: unknown) => {
      connection = given as Connection;
      tapCopied(connection, copied.take);
      connection.query(sql);
    },
    handleRowDescription: () => ([expected, rows] = [true, []]),
    handleDataRow: ({ fields }: { fields: (string | null)[] }) => rows.push(fields),
    handleCommandComplete: () => {
      copied.flush();
      if (expected) queue.push({ rows });
      expected = false;
    },
    handleError: (error: Error) => queue.end(error),
    handleReadyForQuery: () => queue.end(),
    handleEmptyQuery: () => {},
    handlePortalSuspended: () => {},
  });
  context.signal.addEventListener('abort', stop);
  let whole = false;
  try {
    for (;;) {
      const answer = await queue.next();
      if (!answer) break;
      yield answer;
    }
    whole = true;
  } finally {
    context.signal.removeEventListener('abort', stop);
    if (!whole) stop();
  }
}
