import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump, load } from 'js-yaml';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { configKey } from '../src/environment/environment.ts';
import { readEnvironments, synthesizeManifests, writeFiles } from '../src/synth/manifests.ts';
import type { S3Server } from '../test/kit/s3.ts';

const repository = dirname(import.meta.dirname);
const environmentFile = 'Pulumi.dev.yaml';

/** Where the demo leaves its environment file and manifests. */
const folder = join(repository, '.work/demo');

interface Stack {
  readonly config: Record<string, { stores: { s3: object } }>;
}

/** The dev environment; with an S3 server, that server is its remote store. */
const environmentText = async (s3: S3Server | undefined): Promise<string> => {
  const text = await readFile(join(repository, environmentFile), 'utf8');
  if (!s3) return text;
  const stack = load(text) as Stack;
  Object.assign(mustExist(stack.config[configKey], 'configuration').stores.s3, {
    sync: true,
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
  });
  return dump(stack);
};

/** Synthesizes the dev environment; resolves to the folder of its YAML files. */
export const synthesizeDev = async (s3: S3Server | undefined): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, environmentFile), await environmentText(s3));
  const manifests = join(folder, 'manifests');
  writeFiles(manifests, synthesizeManifests(readEnvironments(folder)));
  return join(manifests, 'dev');
};
