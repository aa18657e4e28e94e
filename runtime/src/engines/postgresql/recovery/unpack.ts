import { chmod, chown, mkdir, open, symlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Entries } from '../../../core/entries.ts';
import { BackupError, messageOf } from '../../../core/errors.ts';
import { serverUser } from '../../scratch-server.ts';
import { folderOf, manifestName, openCheck, type Checked } from '../base/check.ts';
import { openTar, type TarFile, type TarPart } from '../base/tar.ts';

const damaged = (message: string): BackupError => new BackupError('archive.damaged', message);

/** The server refuses a data folder that others can read. */
const folderMode = 0o700;
const fileMode = 0o600;

const { user } = serverUser;

/** Path of a name, which is bytes, each a character. */
const pathIn = (root: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);

/** Makes a folder and those above it, down from one that is there, each the server's own. */
const makeFolders = async (root: string, name: string): Promise<void> => {
  const parts = name.split('/');
  for (const depth of parts.keys()) {
    const path = pathIn(root, parts.slice(0, depth + 1).join('/'));
    const made = await mkdir(path, { mode: folderMode }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (made && user) await chown(path, user.uid, user.gid);
  }
};

/** Names come from outside: nothing absolute, no way up, plain files and folders only. */
const checkFile = ({ name, type }: TarFile): void => {
  if (name.split('/').some((part) => ['', '.', '..'].includes(part)) || name.includes('\\'))
    throw damaged(`the base holds ${JSON.stringify(name)}, which leads out of it`);
  if (type === 'link') throw damaged(`the base holds a link, ${JSON.stringify(name)}`);
};

/** Writes parts of one tar file below a folder. */
const openWriter = (root: string, isWanted: (name: string) => boolean) => {
  let handle: FileHandle | undefined;
  const begin = async (file: TarFile): Promise<void> => {
    if (file.name === '.' || file.name === '') return; // the folder itself
    checkFile(file);
    if (file.type === 'folder') return makeFolders(root, file.name);
    if (!isWanted(file.name)) return;
    const folder = dirname(file.name);
    if (folder !== '.') await makeFolders(root, folder);
    handle = await open(pathIn(root, file.name), 'wx', fileMode);
  };
  return {
    take: async (part: TarPart): Promise<void> => {
      if ('file' in part) return begin(part.file);
      if ('bytes' in part) return void (await handle?.write(part.bytes));
      const written = handle;
      handle = undefined;
      if (!written) return;
      if (user) await written.chown(user.uid, user.gid);
      await written.close();
    },
    close: async (): Promise<void> => handle?.close(),
  };
};

const unpackTar = async (
  content: AsyncIterable<Buffer>,
  root: string,
  isWanted: (name: string) => boolean,
): Promise<void> => {
  const tar = openTar();
  const writer = openWriter(root, isWanted);
  try {
    for await (const chunk of content) for (const part of tar.parts(chunk)) await writer.take(part);
  } finally {
    await writer.close();
  }
};

/**
 * Files of the data folder that no recovery takes over: links to tablespaces are made here, and what the server had of a recovery
 * itself is none of this one.
 */
const neverWanted = ['tablespace_map', 'standby.signal', 'recovery.signal'];

/** Where a base goes. */
export interface Place {
  /** The data folder, which is new and empty. */
  readonly data: string;
  /** Folder for tablespaces, each a folder of its own by its number. */
  readonly tablespaces: string;
  /** Files of the data folder that are left out besides. */
  readonly leaveOut: readonly string[];
}

/** The tablespaces' own folders lie elsewhere; the server finds them by links in `pg_tblspc`. */
const placeTablespace = async ({ data, tablespaces }: Place, oid: string): Promise<string> => {
  const folder = join(tablespaces, oid);
  await makeFolders(dirname(tablespaces), `${basename(tablespaces)}/${oid}`);
  await makeFolders(data, 'pg_tblspc');
  await symlink(folder, join(data, 'pg_tblspc', oid));
  return folder;
};

const explained = async (what: string, work: () => Promise<void>): Promise<void> => {
  await work().catch((error: unknown) => {
    if (error instanceof BackupError) throw error;
    throw new BackupError('restore.failed', `${what} could not be unpacked: ${messageOf(error)}`, {
      cause: error,
    });
  });
};

/**
 * Unpacks a base, every file of which is compared with PostgreSQL's own list as it passes: nothing of it may be started before
 * this resolves.
 * @throws BackupError archive.damaged, restore.failed
 */
export const unpackBase = async (entries: Entries, place: Place): Promise<Checked> => {
  const check = openCheck('archive.damaged');
  const leaveOut = new Set([...neverWanted, ...place.leaveOut]);
  for await (const { name, content } of entries) {
    const checked = check.pass(name, content);
    const folder = folderOf(name);
    await explained(name, async () => {
      if (name === manifestName) for await (const _ of checked);
      else if (folder === undefined) throw damaged(`the base holds ${name}, which does not belong to one`);
      else if (folder === '') await unpackTar(checked, place.data, (file) => !leaveOut.has(file));
      else {
        const oid = name.slice(0, -'.tar'.length);
        await unpackTar(checked, await placeTablespace(place, oid), () => true);
      }
    });
  }
  await chmod(place.data, folderMode);
  return check.result();
};
