import { lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './measure.ts';
import type { PlanFolder } from './plan-folder.ts';

/** What an archive of ours is encrypted with, by hand; the passphrase comes from the environment of `PlanFolder`. */
export const cipher = 'openssl enc -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -salt -pass env:PASSPHRASE';

/** Deciphers an archive of ours by hand. */
export const openArchive = (path: string): string =>
  `${cipher.replace('enc', 'enc -d').replace(' -salt', '')} -in ${path}`;

/** Any part of a pipe that fails fails the script. */
export const bash = (script: string): readonly string[] => ['bash', '-c', `set -eo pipefail; ${script}`];

export const empty = (path: string): void => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
};

/** Bytes of all files. Not by a recursive readdir, which follows links to folders: `latest` of pgBackRest would be counted again. */
export const sizeBelow = (path: string, recursive = true): number =>
  readdirSync(path, { withFileTypes: true })
    .map((entry) => {
      const below = join(path, entry.name);
      if (entry.isDirectory()) return recursive ? sizeBelow(below) : 0;
      return entry.isFile() ? lstatSync(below).size : 0;
    })
    .reduce((total, size) => total + size, 0);

/** A script in a folder that is empty at its start and is what the job left at its end. */
export const script = (
  { folder, env }: PlanFolder,
  name: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
): Contender => {
  const peer = join(folder, 'peer');
  return {
    name,
    argv: bash(`cd ${peer}; ${text}`),
    env: { ...env, ...more },
    before: () => empty(peer),
    bytes: () => sizeBelow(peer),
  };
};

/** A backup of ours into a store that holds those of earlier rounds, as every night but the first. @param name what the row says; @param target a target of the plan */
export const ourBackup = (
  { archives, env }: PlanFolder,
  name: string,
  target: string,
  more: Readonly<Record<string, string>> = {},
): Contender => ({
  name,
  argv: ['grill-backup', 'backup', target],
  env: { ...env, ...more },
  bytes: () =>
    Math.max(
      ...readdirSync(archives(target))
        .filter((file) => file.endsWith('.enc'))
        .map((file) => statSync(join(archives(target), file)).size),
    ),
});
