import { open, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { formatBytes } from '../../core/units.ts';
import { makeFolder, removeFolder } from '../scratch-folder.ts';

/** Lends a private folder that is gone afterwards. */
export const withFolder = async <Result>(
  context: RunContext,
  use: (folder: string) => Promise<Result>,
): Promise<Result> => {
  const folder = await makeFolder(context, 'pg-restore-');
  try {
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
};

/** Writes a small file that nobody else may read; resolves to its path. */
export const putFile = async (folder: string, name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  return file;
};

/** @throws BackupError restore.refused if a dump of `bytes` does not fit; an unknown size always does */
export const assertRoom = async ({ scratchDir }: RunContext, bytes = 0): Promise<void> => {
  const { bavail, bsize } = await statfs(scratchDir);
  const free = bavail * bsize;
  if (free < bytes)
    throw new BackupError(
      'restore.refused',
      `several jobs need the dump in a file of ${formatBytes(bytes)}, but ${scratchDir} has ${formatBytes(free)} free; one job needs no file`,
    );
};

/** Writes a dump to a private file; resolves to its path. */
export const spool = async (folder: string, content: AsyncIterable<Buffer>): Promise<string> => {
  const file = join(folder, 'dump');
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of content) await handle.writeFile(chunk); // at the current position, all of it
  } finally {
    await handle.close();
  }
  return file;
};
