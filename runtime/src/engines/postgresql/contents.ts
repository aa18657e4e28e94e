import type { RunContext } from '../../core/context.ts';
import { collect, feed, run, write } from '../../core/process.ts';
import { decoderOf } from './encodings.ts';
import { tableOf, unquoted } from './items.ts';
import { keyStatementsOf } from './key-statements.ts';
import type { Tools } from './tools.ts';

/** A dump whose table of contents was read at its head. */
export interface Contents {
  /** Lines of `pg_restore --list`. */
  readonly list: string;
  /** The first bytes, which hold all of the table of contents. */
  readonly head: Buffer;
  /** All bytes, those of the head again. */
  readonly content: AsyncIterable<Buffer>;
}

async function* joined(
  head: Buffer,
  rest: AsyncIterator<Buffer>,
  ended: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  let done = ended;
  try {
    yield head;
    while (!done) {
      const next = await rest.next();
      done = next.done === true;
      if (!next.done) yield next.value;
    }
  } finally {
    if (!done) await rest.return?.();
  }
}

/** Reads as much of a dump as pg_restore needs to list it. @throws BackupError restore.failed if it is no dump */
export const readContents = async (
  context: RunContext,
  tools: Tools,
  content: AsyncIterable<Buffer>,
  encoding: string,
): Promise<Contents> => {
  const program = tools.path('pg_restore');
  const listing = run(context, { program, args: ['--list'], failure: 'restore.failed' });
  const list = collect(listing.stdout);
  list.catch(() => {}); // awaited at the end: an error of the dump itself comes first
  const chunks = content[Symbol.asyncIterator]();
  const head: Buffer[] = [];
  let ended = false;
  try {
    while (!ended && !listing.stdin.destroyed) {
      const next = await chunks.next();
      ended = next.done === true;
      if (next.done) break;
      head.push(next.value);
      await write(listing, next.value);
    }
    listing.stdin.end();
    const bytes = Buffer.concat(head);
    return {
      list: decoderOf(encoding).decode(await list),
      head: bytes,
      content: joined(bytes, chunks, ended),
    };
  } catch (error) {
    listing.kill();
    if (!ended) await chunks.return?.();
    throw error;
  }
};

/** Extensions that a dump creates. */
export const extensionsOf = (list: string): readonly string[] =>
  [...list.matchAll(/^\d+; \d+ \d+ EXTENSION - (\S+)/gm)].map(([, name = '']) => name);

/** Entries that need other tables' data, or act on the whole database; a restore of single tables leaves them out. */
const skipped =
  /^(FK CONSTRAINT|MATERIALIZED VIEW DATA|BLOBS?|BLOB METADATA|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|(ACL|COMMENT|SECURITY LABEL) - (LARGE OBJECTS?|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION)) /;
const foreignKey = 'FK CONSTRAINT ';
const publishedTable = /^PUBLICATION TABLES? /;
const tableData = 'TABLE DATA ';

const entryOf = (line: string): string => line.replace(/^\d+; \d+ \d+ /, '');

/** A table as a line of the list names it, where pg_restore makes line ends blanks (sanitize_line of its dumputils.c). */
const listed = (item: string): string => {
  const { schema, name } = tableOf(item);
  return `${schema} ${name} `.replaceAll(/[\r\n]/g, ' ');
};

const quotable = String.raw`"(?:[^"]|"")+"|[^\s"]+`;
/** Only here pg_dump quotes names: `COMMENT public CONSTRAINT devices_owner_fkey ON "Devices" grill`. */
const comment = new RegExp(`^COMMENT (.+?) CONSTRAINT (${quotable}) ON (${quotable}) `);

/** How the entry of the foreign key begins that a comment is on. */
const commented = (entry: string): string | undefined => {
  const [, schema, key, table] = comment.exec(entry) ?? [];
  return schema && key && table && `${foreignKey}${schema} ${unquoted(table)} ${unquoted(key)} `;
};

const commentsOn = (lines: readonly string[], key: string): readonly string[] =>
  lines.filter((line) => {
    const start = commented(entryOf(line));
    return start !== undefined && entryOf(key).startsWith(start);
  });

/** The list for a restore of the schema with the data of some tables, `schema.table`, and nothing that needs others'. */
export const listOfTables = (list: string, only: readonly string[]): string => {
  const lines = list.split('\n').filter((line) => /^\d/.test(line));
  const keys = lines.filter((line) => entryOf(line).startsWith(foreignKey));
  const comments = keys.flatMap((key) => commentsOn(lines, key));
  const keeps = (entry: string): boolean => {
    if (skipped.test(entry) || publishedTable.test(entry)) return false;
    return !entry.startsWith(tableData) || only.some((item) => entry.startsWith(tableData + listed(item)));
  };
  return lines.filter((line) => !comments.includes(line) && keeps(entryOf(line))).join('\n');
};

/** The list of the foreign keys that some tables have, and of the comments on them. */
export const listOfForeignKeys = (list: string, only: readonly string[]): string => {
  const lines = list.split('\n');
  return lines
    .filter((line) => only.some((item) => entryOf(line).startsWith(foreignKey + listed(item))))
    .flatMap((line) => [line, ...commentsOn(lines, line)])
    .join('\n');
};

/** What a dump has for a list of foreign keys and comments on them, as SQL. @throws BackupError restore.failed */
export const definitionsOf = async (
  context: RunContext,
  tools: Tools,
  head: Buffer,
  listFile: string,
  encoding: string,
): Promise<string> => {
  const args = [`--use-list=${listFile}`, '--file=-'];
  const program = tools.path('pg_restore');
  const printing = run(context, { program, args, failure: 'restore.failed' });
  const content = (async function* () {
    yield head;
  })();
  const [, sql] = await Promise.all([feed(printing, content), collect(printing.stdout)]);
  return keyStatementsOf(decoderOf(encoding).decode(sql)).join(';\n');
};
