import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { binDir } from '../test/kit/postgresql.ts';
import { runPipeline, runProgram } from './program.ts';

/** The parameters that FORMAT.md states; nothing else is needed to open an archive. */
const decrypt = ['openssl', 'enc', '-d', '-aes-256-cbc', '-pbkdf2', '-iter', '100000', '-md', 'sha256'];

/** Opens an archive with openssl and tar alone; resolves to the files that were in it. */
export const openByHand = async (
  archive: string,
  passphrase: string,
  folder: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const [key, content] = [join(folder, 'passphrase'), join(folder, 'content')];
  await mkdir(content, { recursive: true });
  await writeFile(key, passphrase, { mode: 0o600 });
  const untar = ['tar', '-xz', '-C', content];
  await runPipeline([[...decrypt, '-pass', `file:${key}`, '-in', archive], untar], { signal });
  const found = await readdir(content, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
};

const isDump = (file: string): boolean => /\.dump(\.part-\d+)?$/.test(file);

/** Joins the parts of a dump, as `cat` would, and has pg_restore list it; resolves to the number of its entries. */
export const listDump = async (
  files: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<number> => {
  const dump = join(folder, 'whole.dump');
  for (const part of files.filter(isDump))
    await pipeline(createReadStream(part), createWriteStream(dump, { flags: 'a' }));
  const { stdout } = await runProgram([join(binDir, 'pg_restore'), '--list', dump], { signal });
  return stdout.split('\n').filter((line) => line && !line.startsWith(';')).length;
};
