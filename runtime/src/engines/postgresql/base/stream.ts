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

/** What is copied: what a message says, or data of the entry that it began. */
type Copied = Message | { readonly data: Buffer };

/** What is copied, without what is said around it, which `around` gets. */
async function* copiedOf(answers: AsyncIterable<Answer>, around: Around): AsyncGenerator<Copied> {
  for await (const answer of answers)
    if ('rows' in answer) takeRows(around, answer.rows);
    else yield 'data' in answer ? answer : parseMessage(answer.message);
}

const nameOf = (copied: Copied): string | undefined => {
  if (copied === 'manifest') return manifestName;
  return typeof copied === 'object' && 'archive' in copied ? copied.archive : undefined;
};

interface Cursor {
  readonly next: () => Promise<Copied | undefined>;
  /** Name of the entry that begins, after the one before it ended. */
  name?: string | undefined;
}

/** Data of one entry, up to the beginning of the next. */
async function* contentOf(cursor: Cursor): AsyncGenerator<Buffer> {
  for (;;) {
    const copied = await cursor.next();
    cursor.name = copied && nameOf(copied);
    if (!copied || cursor.name !== undefined) return;
    if (typeof copied === 'object' && 'data' in copied) yield copied.data;
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
  const copied = copiedOf(answersOf(context, client, command(label, isIncrement)), around);
  const next = async (): Promise<Copied | undefined> => {
    const result = await copied.next();
    return result.done === true ? undefined : result.value;
  };
  const cursor: Cursor = { next };
  for await (const _ of contentOf(cursor)); // what comes before the first name
  async function* entries(): AsyncGenerator<DumpEntry> {
    try {
      while (cursor.name !== undefined) yield { name: cursor.name, content: contentOf(cursor) };
    } finally {
      await copied.return(undefined);
    }
  }
  return entries();
};
