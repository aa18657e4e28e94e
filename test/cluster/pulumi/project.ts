import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { configKey } from '../../../src/environment/environment.ts';
import { captureText } from '../../kit/capture.ts';
import { configOf } from '../../kit/pulumi-stack.ts';
import { root } from '../../kit/environments.ts';

/** What `pulumi` reads of a project: committed files stay as they are, as `pulumi config` writes into a copy. */
const linked = ['src', 'runtime', 'node_modules', 'package.json'] as const;

/** A folder in which `pulumi` works on the program of this tree. */
export const projectIn = (folder: string): string => {
  mkdirSync(folder);
  for (const name of linked) symlinkSync(join(root, name), join(folder, name));
  for (const name of ['Pulumi.yaml', 'Pulumi.dev.yaml']) cpSync(join(root, name), join(folder, name));
  return folder;
};

/** The same with the program of an older commit, on the packages of this one. */
export const projectOf = async (commit: string, folder: string): Promise<string> => {
  mkdirSync(folder);
  await captureText('git', ['-C', root, 'archive', '--format=tar', `--output=${folder}.tar`, commit]);
  await captureText('tar', ['-xf', `${folder}.tar`, '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
};

const fileIn = (project: string): string => join(project, 'Pulumi.dev.yaml');

export type Environment = Readonly<Record<string, unknown>>;

interface StackFile {
  readonly config: Readonly<Record<string, unknown>>;
}

const read = (project: string): StackFile => load(readFileSync(fileIn(project), 'utf8')) as StackFile;

/** The environment that the project's stack has. */
export const environmentIn = (project: string): Environment => read(project).config[configKey] as Environment;

/** Edits the environment in the project's stack file, as people do; what `pulumi config` wrote stays. */
export const edit = (project: string, changes: Environment): void => {
  const file = read(project);
  const environment = { ...environmentIn(project), ...changes };
  writeFileSync(fileIn(project), dump({ ...file, config: { ...file.config, [configKey]: environment } }));
};

/** Gives a project what another one's stack file has, its secrets included, but the environment as it is committed. */
export const inherit = (project: string, other: string): void => {
  const file = read(other);
  writeFileSync(fileIn(project), dump({ ...file, config: { ...file.config, [configKey]: configOf('dev') } }));
};
