import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import { feed, run } from '../../core/process.ts';
import type { Entries, Fingerprint } from '../engine.ts';
import { differences } from '../fingerprint.ts';
import { isCopied } from './count.ts';
import { fingerprintOf } from './counting.ts';
import { decoderOf } from './encodings.ts';
import { readEntries } from './entries.ts';
import { largeObjects, tableOf } from './items.ts';
import { countCopiedRows } from './rows.ts';
import type { DatabaseSettings } from './settings.ts';
import { StreamCount } from './stream-count.ts';
import { newestTools } from './tools.ts';

async function* observed(content: AsyncIterable<Buffer>, passed: StreamCount): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    passed.push(chunk);
    yield chunk;
  }
}

/** @throws BackupError archive.damaged where content that was hashed is another one */
const assertContent = (
  { log }: RunContext,
  passed: StreamCount,
  encoding: string,
  expected: Fingerprint,
): void => {
  if (passed.isUnknown) {
    log.warn({}, 'content is not compared: the dump is of a form that this program does not know');
    return;
  }
  const tables = Object.keys(expected)
    .filter((item) => item !== largeObjects)
    .map(tableOf);
  const rowTypes = new Map(
    Object.entries(expected).flatMap(([item, { rowTypes: types }]) => (types ? [[item, `${types}`]] : [])),
  );
  const found = differences(expected, fingerprintOf(passed, { tables, encoding, rowTypes }));
  if (found.length === 0) return;
  throw new BackupError('archive.damaged', `the dump is not what its manifest says: ${found[0]}`);
};

/** Reads every data block of a dump without a server, counts its rows, and compares the content where it was hashed in the dump. */
export const inspect = async (
  context: RunContext,
  entries: Entries,
  expected: Fingerprint = {},
): Promise<Fingerprint> => {
  const archived: { settings?: DatabaseSettings } = {};
  let counted: Fingerprint = {};
  await readEntries(entries, {
    begin: async (settings) => {
      archived.settings = settings;
    },
    dump: async (content) => {
      const { encoding, serverVersion } = mustExist(archived.settings, 'settings before the dump');
      const tools = await newestTools(context, serverVersion);
      const args = ['--data-only', '--file=-'];
      const decoder = decoderOf(encoding);
      const decode = (bytes: Buffer): string => decoder.decode(bytes);
      const reading = run(context, { program: tools.path('pg_restore'), args, failure: 'archive.damaged' });
      const passed = isCopied(expected) ? new StreamCount(true) : undefined;
      const passing = passed ? observed(content, passed) : content;
      [, counted] = await Promise.all([feed(reading, passing), countCopiedRows(reading.stdout, decode)]);
      if (passed) assertContent(context, passed, encoding, expected);
    },
  });
  const { extensionTables } = mustExist(archived.settings, 'settings in the archive');
  return Object.fromEntries(
    Object.entries(counted).filter(([item]) => {
      const { schema, name } = tableOf(item);
      return !extensionTables.includes(`${schema}.${name}`);
    }),
  );
};
