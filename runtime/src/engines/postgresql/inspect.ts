import type { RunContext } from '../../core/context.ts';
import { feed, run } from '../../core/process.ts';
import type { Entries, Fingerprint } from '../engine.ts';
import { readEntries } from './entries.ts';
import { tableOf } from './items.ts';
import { countCopiedRows } from './rows.ts';
import { newestTools } from './tools.ts';

/** Reads every data block of a dump without a server, and counts its rows. */
export const inspect = async (context: RunContext, entries: Entries): Promise<Fingerprint> => {
  const tools = await newestTools(context);
  let extensionTables: readonly string[] = [];
  let counted: Fingerprint = {};
  await readEntries(entries, {
    begin: async (settings) => {
      extensionTables = settings.extensionTables;
    },
    dump: async (content) => {
      const args = ['--data-only', '--file=-'];
      const reading = run(context, { program: tools.path('pg_restore'), args, failure: 'archive.damaged' });
      [, counted] = await Promise.all([feed(reading, content), countCopiedRows(reading.stdout)]);
    },
  });
  return Object.fromEntries(
    Object.entries(counted).filter(([item]) => {
      const { schema, name } = tableOf(item);
      return !extensionTables.includes(`${schema}.${name}`);
    }),
  );
};
