import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { configKey } from '../../src/environment/environment.ts';
import { readEnvironments, synthesizeManifests, writeFiles } from '../../src/synth/manifests.ts';
import { root, type EnvironmentName } from './environments.ts';

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests change any field of an environment file
export type EnvironmentDraft = any;

/** A repository with environment files and manifests of its own. */
export interface Repository {
  readonly folder: string;
  readonly git: (...args: readonly string[]) => string;
  /** Changes an environment file of the work tree. */
  readonly edit: (environment: EnvironmentName, change: (draft: EnvironmentDraft) => void) => void;
  /** Synthesizes the environment files and commits everything. */
  readonly commit: () => void;
}

/** A repository in an empty folder, with the committed environments of this one and nothing committed. */
export const repositoryIn = (folder: string): Repository => {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch=main');
  for (const name of ['dev', 'prod'])
    cpSync(join(root, `Pulumi.${name}.yaml`), join(folder, `Pulumi.${name}.yaml`));
  return {
    folder,
    git: (...args) => git(folder, ...args),
    edit: (environment, change) => {
      const file = join(folder, `Pulumi.${environment}.yaml`);
      const stack = load(readFileSync(file, 'utf8')) as { config: Record<string, EnvironmentDraft> };
      change(stack.config[configKey]);
      writeFileSync(file, dump(stack));
    },
    commit: () => {
      writeFiles(join(folder, 'manifests'), synthesizeManifests(readEnvironments(folder)));
      git(folder, 'add', '--all');
      git(folder, 'commit', '--quiet', '--message=state');
    },
  };
};
