import type { Client } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import type { DumpEntry } from '../../../core/entries.ts';
import { answersOf, type Answer } from '../replication/copy-out.ts';
import { parseMessage, type Message } from './messages.ts';
import { manifestName } from './check.ts';

type Rows = readonly (readonly (string | null)[])[];

/** What the server says around the stream. */
export interface Around {
  /** Position and timeline of the beginning. */
  start?: readonly (string | null)[] | undefined;
  /** Of each tablespace: OID, folder on the server, size in KiB; without OID the data folder itself. */
  tablespaces?: Rows;
  /** Position and timeline of the end. */
  end?: readonly (string | null)[] | undefined;
}

/**
 * Checkpoint at once: a spread one lasts minutes, for which nothing is sent. Not waiting for the server's own archive, which is
 * not where this base's log is.
 */
export const command = (label: string, isIncrement: boolean): string =>
  `BASE_BACKUP (LABEL '${label}', PROGRESS false, CHECKPOINT 'fast', WAL false, WAIT false, TABLESPACE_MAP true, ` +
  `MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256'${isIncrement ? ', INCREMENTAL true' : ''})`;

const takeRows = (around: Around, rows: Rows): void => {
  if (!around.start) around.start = rows[0];
  else if (!around.tablespaces) around.tablespaces = rows;
  else around.end = rows[0];
};

/** Messages, without what is said around them, which `around` gets. */
async function* messagesOf(answers: AsyncIterable<Answer>, around: Around): AsyncGenerator<Message> {
  for await (const answer of answers)
    if ('rows' in answer) takeRows(around, answer.rows);
    else yield parseMessage(answer.message);
}

const nameOf = (message: Message): string | undefined => {
  if (message === 'manifest') return manifestName;
  return typeof message === 'object' && 'archive' in message ? message.archive : undefined;
};

interface Cursor {
  readonly next: () => Promise<Message | undefined>;
  /** Name of the entry that begins, after the one before it ended. */
  name?: string | undefined;
}

/** Data of one entry, up to the beginning of the next. */
async function* contentOf(cursor: Cursor): AsyncGenerator<Buffer> {
  for (;;) {
    const message = await cursor.next();
    cursor.name = message && nameOf(message);
    if (!message || cursor.name !== undefined) return;
    if (typeof message === 'object' && 'data' in message) yield message.data;
  }
}

/** A base backup that was asked for. */
export interface BaseRequest {
  readonly label: string;
  /** Only what changed since the list of files that was uploaded. */
  readonly isIncrement: boolean;
  readonly around: Around;
}

/**
 * The tar files of a base backup, `base.tar` last of them, and then `backup_manifest`, as they come. Resolves when the server
 * begins to send: it refuses before.
 */
export const openEntries = async (
  context: RunContext,
  client: Client,
  { label, isIncrement, around }: BaseRequest,
): Promise<AsyncGenerator<DumpEntry>> => {
  const messages = messagesOf(answersOf(context, client, command(label, isIncrement)), around);
  const next = async (): Promise<Message | undefined> => {
    const result = await messages.next();
    return result.done === true ? undefined : result.value;
  };
  const cursor: Cursor = { next };
  for await (const _ of contentOf(cursor)); // what comes before the first name
  async function* entries(): AsyncGenerator<DumpEntry> {
    try {
      while (cursor.name !== undefined) yield { name: cursor.name, content: contentOf(cursor) };
    } finally {
      await messages.return(undefined);
    }
  }
  return entries();
};
