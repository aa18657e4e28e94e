import type { z } from 'zod';
import { BackupError } from '../../core/errors.ts';
import { collect } from '../../core/process.ts';
import type { DumpEntry, Entries } from '../engine.ts';
import { instantEntry } from './agreement/entry.ts';
import { dumpInstant, type DumpInstant } from './agreement/instant.ts';
import { readGlobals } from './globals.ts';
import { serverRoles, type ServerRoles } from './roles.ts';
import { databaseSettings, type DatabaseSettings } from './settings.ts';

/** Names of the entries of a dump, in their order. */
export const entryNames = {
  settings: 'database.json',
  roles: 'roles.json',
  /** In its place: what earlier versions wrote. */
  globals: 'globals.sql',
  /** `grill.dump`; characters that are no good in a path are percent-encoded. */
  dump: (database: string): string => `${encodeURIComponent(database)}.dump`,
  /** Of a dump that is cut: itself, then `grill.dump.000001` and so on, which joined are the dump. */
  next: (name: string, number: number): string =>
    number === 0 ? name : `${name}.${`${number}`.padStart(6, '0')}`,
  /** Last, of targets whose log is kept, where the server could tell. */
  instant: instantEntry,
} as const;

/** Small entries are bounded, so that a hostile archive cannot fill memory: 64 MiB hold a million roles. */
const smallEntryBytes = 64 * 1024 * 1024;

async function* bounded(entry: DumpEntry): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of entry.content) {
    bytes += chunk.length;
    if (bytes > smallEntryBytes)
      throw new BackupError('archive.damaged', `entry ${entry.name} is larger than ${smallEntryBytes} bytes`);
    yield chunk;
  }
}

const text = async (entry: DumpEntry): Promise<string> => (await collect(bounded(entry))).toString('utf8');

const parse = <Content>(name: string, schema: z.ZodType<Content>, json: string): Content => {
  try {
    return schema.parse(JSON.parse(json));
  } catch (error) {
    throw new BackupError('archive.damaged', `entry ${name} is not what this program writes`, {
      cause: error,
    });
  }
};

/** Last line but one of what pg_dumpall writes. */
const globalsEnd = '-- PostgreSQL database cluster dump complete';

const parseGlobals = (sql: string): ServerRoles => {
  if (!sql.trimEnd().split('\n').slice(-3).includes(globalsEnd))
    throw new BackupError('archive.damaged', `entry ${entryNames.globals} is cut short`);
  return readGlobals(sql);
};

/** The server's roles in an entry of either kind; undefined if it is another one. */
const readRoles = async (entry: DumpEntry): Promise<ServerRoles | undefined> => {
  if (entry.name === entryNames.roles) return parse(entry.name, serverRoles, await text(entry));
  return entry.name === entryNames.globals ? parseGlobals(await text(entry)) : undefined;
};

/** What to do with the parts of a dump, in the order in which they come. */
export interface Parts {
  readonly begin: (settings: DatabaseSettings, roles: ServerRoles) => Promise<void>;
  /** Resolves to `enough` where the rest of the archive is of no interest. */
  readonly dump: (content: AsyncIterable<Buffer>) => Promise<'enough' | void>;
  /** Of which instant of the log it is, where the archive says so. @default nobody asks */
  readonly instant?: (instant: DumpInstant) => void;
}

/** The rest is not in every archive. */
const leastEntries = 3;

/** @throws BackupError archive.damaged */
const unexpected = ({ name }: DumpEntry): never => {
  throw new BackupError('archive.damaged', `unexpected entry ${name} in a postgresql archive`);
};

/** Entries with a dump that was cut as one. */
async function* joined(entries: Entries): AsyncGenerator<DumpEntry, void, undefined> {
  const all = entries[Symbol.asyncIterator]();
  let next: IteratorResult<DumpEntry, unknown> = await all.next();
  async function* content(name: string): AsyncGenerator<Buffer, void, undefined> {
    for (let number = 0; !next.done && next.value.name === entryNames.next(name, number); number += 1) {
      yield* next.value.content;
      next = await all.next();
    }
  }
  try {
    while (!next.done) {
      const { name } = next.value;
      yield { name, content: content(name) };
    }
  } finally {
    if (!next.done) await all.return?.();
  }
}

/** Reads a dump's entries. @throws BackupError archive.damaged if one is missing, out of order, or too many */
export const readEntries = async (entries: Entries, parts: Parts): Promise<void> => {
  let settings: DatabaseSettings;
  const steps: readonly ((entry: DumpEntry) => Promise<'enough' | void>)[] = [
    async (entry) => {
      if (entry.name !== entryNames.settings) unexpected(entry);
      settings = parse(entry.name, databaseSettings, await text(entry));
    },
    async (entry) => parts.begin(settings, (await readRoles(entry)) ?? unexpected(entry)),
    async (entry) => {
      if (entry.name !== entryNames.dump(settings.name)) unexpected(entry);
      return parts.dump(entry.content);
    },
    async (entry) => {
      if (entry.name !== entryNames.instant) unexpected(entry);
      const instant = parse(entry.name, dumpInstant, await text(entry));
      parts.instant?.(instant);
    },
  ];
  let read = 0;
  for await (const entry of joined(entries)) {
    if ((await (steps[read] ?? unexpected)(entry)) === 'enough') return;
    read += 1;
  }
  if (read < leastEntries)
    throw new BackupError(
      'archive.damaged',
      'the archive holds no complete postgresql dump: an entry is missing',
    );
};
