import type { RunContext } from '../../core/context.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { Entries } from '../engine.ts';
import { readContents } from './contents.ts';
import { readEntries } from './entries.ts';
import type { ServerRoles } from './roles.ts';
import type { DatabaseSettings } from './settings.ts';
import { newestTools } from './tools.ts';

/** What an archive says of itself before its first row. */
export interface Head {
  readonly settings: DatabaseSettings;
  readonly roles: ServerRoles;
  /** Lines of `pg_restore --list`. */
  readonly list: string;
}

/** Reads an archive as far as its table of contents. @throws BackupError as `restore` */
export const readHead = async (context: RunContext, entries: Entries): Promise<Head> => {
  const head: { -readonly [Field in keyof Head]?: Head[Field] } = {};
  await readEntries(entries, {
    begin: async (settings, roles) => {
      Object.assign(head, { settings, roles });
    },
    dump: async (content) => {
      const { encoding, serverVersion } = mustExist(head.settings, 'settings before the dump');
      const tools = await newestTools(context, serverVersion);
      head.list = (await readContents(context, tools, content, encoding)).list;
      return 'enough';
    },
  });
  return head as Head;
};
