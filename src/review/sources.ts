import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { environmentFiles } from '../environment/environment.ts';
import { readEnvironments, synthesizeManifests } from '../synth/manifests.ts';
import type { Files } from './snapshot.ts';

/** A dashboard alone is more than Node's default of 1 MiB. */
const longestFileBytes = 64 * 1024 * 1024;

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    maxBuffer: longestFileBytes,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const tryGit = (folder: string, ...args: readonly string[]): string | undefined => {
  try {
    return git(folder, ...args).trim();
  } catch {
    return undefined;
  }
};

/**
 * The commit to compare with, in full.
 * @param revision @default where this branch left `origin/main`, or `HEAD` where there is no such branch
 * @throws BackupError usage.invalid
 */
export const baseOf = (folder: string, revision?: string): string => {
  const wanted = revision ?? tryGit(folder, 'merge-base', 'HEAD', 'origin/main') ?? 'HEAD';
  const commit = tryGit(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${wanted}^{commit}`);
  if (!commit) throw new BackupError('usage.invalid', `git knows no revision ${wanted}`);
  return commit;
};

/**
 * What is committed: the manifests, which CI keeps equal to what that commit synthesizes, so no old code is run; and the
 * environment files.
 */
export const committedFiles = (folder: string, commit: string): Files => {
  const paths = git(folder, 'ls-tree', '-r', '-z', '--name-only', commit, '--', './').split('\0');
  return new Map(
    paths
      .filter((path) => /^(manifests\/.*|Pulumi\.[a-z0-9-]+)\.yaml$/.test(path))
      .map((path) => [path, git(folder, 'show', `${commit}:./${path}`)]),
  );
};

/** What the environment files of the work tree become now. @throws BackupError plan.invalid */
export const synthesizedFiles = (folder: string): Files =>
  new Map([
    ...[...synthesizeManifests(readEnvironments(folder))].map(
      ([path, text]) => [`manifests/${path}`, text] as const,
    ),
    ...environmentFiles(folder).map((file) => [basename(file), readFileSync(file, 'utf8')] as const),
  ]);
