import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { capture } from '../../core/process.ts';

/** Where Debian and the job image keep the programs of each major version: `<root>/15/bin`. */
const root = '/usr/lib/postgresql';

/** Major of `pg_dump (PostgreSQL) 15.20 (Debian …)` or of `15.20`. */
export const majorOf = (version: string): number =>
  Number(/(\d+)(?:\.\d+|devel|beta|rc)/.exec(version)?.[1] ?? Number.NaN);

export const versionOf = (run: RunContext, program: string): Promise<string | undefined> =>
  capture(run, { program, args: ['--version'], failure: 'tool.missing' }).then(
    (text) => /\d\S*/.exec(text)?.[0],
    (error: unknown) => {
      if (isBackupError(error, 'tool.missing')) return undefined;
      throw error;
    },
  );

/** Client programs of one major version. */
export interface Tools {
  /** Path of a program, e.g. `pg_dump`. */
  readonly path: (program: string) => string;
  readonly version: string;
}

const toolsIn = async (run: RunContext, folder: string): Promise<Tools | undefined> => {
  const path = (program: string): string => join(folder, program);
  const version = await versionOf(run, path('pg_dump'));
  return version === undefined ? undefined : { path, version };
};

/** @throws BackupError source.unsupported if the client programs of that major are neither in their folder nor in PATH. */
export const toolsFor = async (run: RunContext, major: number): Promise<Tools> => {
  const tools = (await toolsIn(run, join(root, `${major}`, 'bin'))) ?? (await toolsIn(run, ''));
  if (tools && majorOf(tools.version) === major) return tools;
  throw new BackupError(
    'source.unsupported',
    `the server is postgresql ${major}, but its client programs are not installed${tools ? `; found ${tools.version}` : ''}`,
  );
};

/**
 * The newest client programs installed, which read the dumps of all older ones; those in PATH where they alone are as new as
 * the dump. @throws BackupError tool.missing
 */
export const newestTools = async (run: RunContext, dumped: string): Promise<Tools> => {
  const majors = existsSync(root) ? (await readdir(root)).map(Number).filter(Number.isInteger) : [];
  const folders = majors.toSorted((a, b) => b - a).map((major) => join(root, `${major}`, 'bin'));
  let first: Tools | undefined;
  for (const folder of [...folders, '']) {
    const tools = await toolsIn(run, folder);
    if (tools && majorOf(tools.version) >= majorOf(dumped)) return tools;
    first ??= tools;
  }
  if (first) return first;
  throw new BackupError('tool.missing', `pg_restore is neither in ${root} nor in PATH`);
};

/** Folder of the server programs of a major, empty where they are in PATH; undefined where they are not installed. */
export const serverPrograms = async (run: RunContext, major: number): Promise<string | undefined> => {
  const folder = join(root, `${major}`, 'bin');
  if (existsSync(join(folder, 'initdb'))) return folder;
  return majorOf((await versionOf(run, 'initdb')) ?? '') === major ? '' : undefined;
};
