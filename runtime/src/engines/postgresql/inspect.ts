import type { RunContext } from '../../core/context.ts';
import { mustExist } from '../../core/must-exist.ts';
import { feed, run } from '../../core/process.ts';
import type { Entries, Fingerprint } from '../engine.ts';
import { decoderOf } from './encodings.ts';
import { readEntries } from './entries.ts';
import { tableOf } from './items.ts';
import { countCopiedRows } from './rows.ts';
import type { DatabaseSettings } from './settings.ts';
import { newestTools } from './tools.ts';

/** Reads every data block of a dump without a server, and counts its rows. */
export const inspect = async (context: RunContext, entries: Entries): Promise<Fingerprint> => {
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
      [, counted] = await Promise.all([feed(reading, content), countCopiedRows(reading.stdout, decode)]);
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
