import { BackupError } from '../../core/errors.ts';
import { collect } from '../../core/process.ts';
import type { DumpEntry, Entries } from '../engine.ts';
import { databaseSettings, type DatabaseSettings } from './settings.ts';

/** Names of the entries of a dump, in their order. */
export const entryNames = {
  settings: 'database.json',
  globals: 'globals.sql',
  /** `grill.dump`; characters that are no good in a path are percent-encoded. */
  dump: (database: string): string => `${encodeURIComponent(database)}.dump`,
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

const parseSettings = (json: string): DatabaseSettings => {
  try {
    return databaseSettings.parse(JSON.parse(json));
  } catch (error) {
    throw new BackupError('archive.damaged', `entry ${entryNames.settings} is not what this program writes`, {
      cause: error,
    });
  }
};

/** Last line but one of what pg_dumpall writes. */
const globalsEnd = '-- PostgreSQL database cluster dump complete';

const parseGlobals = (sql: string): string => {
  if (!sql.trimEnd().split('\n').slice(-3).includes(globalsEnd))
    throw new BackupError('archive.damaged', `entry ${entryNames.globals} is cut short`);
  return sql;
};

/** What to do with the parts of a dump, in the order in which they come. */
export interface Parts {
  readonly begin: (settings: DatabaseSettings, globals: string) => Promise<void>;
  readonly dump: (content: AsyncIterable<Buffer>) => Promise<void>;
}

/** Reads a dump's entries. @throws BackupError archive.damaged if one is missing, out of order, or too many */
export const readEntries = async (entries: Entries, parts: Parts): Promise<void> => {
  let settings: DatabaseSettings | undefined;
  let globals: string | undefined;
  let dumped = false;
  for await (const entry of entries) {
    if (entry.name === entryNames.settings && !settings) settings = parseSettings(await text(entry));
    else if (entry.name === entryNames.globals && settings && globals === undefined) {
      globals = parseGlobals(await text(entry));
      await parts.begin(settings, globals);
    } else if (
      settings &&
      globals !== undefined &&
      !dumped &&
      entry.name === entryNames.dump(settings.name)
    ) {
      await parts.dump(entry.content);
      dumped = true;
    } else throw new BackupError('archive.damaged', `unexpected entry ${entry.name} in a postgresql archive`);
  }
  if (!dumped)
    throw new BackupError(
      'archive.damaged',
      'the archive holds no complete postgresql dump: an entry is missing',
    );
};
