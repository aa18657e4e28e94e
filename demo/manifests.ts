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

interface Configuration {
  stores: { s3: object };
  console?: object;
  network?: object;
  targets: readonly { readonly engine: string; readonly pointInTime?: object }[];
}

interface Stack {
  readonly config: Record<string, Configuration>;
}

/** What differs from the dev environment. */
export interface Changes {
  /** Its remote store. @default none */
  readonly s3?: S3Server | undefined;
  /** Of PostgreSQL, which is its only target then. @default no log is kept */
  readonly pointInTime?: object | undefined;
  /** Whether it has the console. @default as the environment file says */
  readonly console?: boolean;
}

/** For NetworkPolicies alone, which the demo has not. */
const apiServer = { cidrs: ['127.0.0.1/32'] };

const environmentText = async ({ s3, pointInTime, console: pages }: Changes): Promise<string> => {
  const text = await readFile(join(repository, environmentFile), 'utf8');
  if (!s3 && !pointInTime && !pages) return text;
  const stack = load(text) as Stack;
  const configuration = mustExist(stack.config[configKey], 'configuration');
  if (s3) {
    const { endpoint, region } = s3;
    Object.assign(configuration.stores.s3, { sync: true, endpoint, region, forcePathStyle: true });
  }
  if (pages)
    Object.assign(configuration, {
      console: { ...configuration.console, enabled: true },
      network: { apiServer, ...configuration.network },
    });
  if (pointInTime)
    configuration.targets = configuration.targets
      .filter(({ engine }) => engine === 'postgresql')
      .map((target) => ({ ...target, pointInTime }));
  return dump(stack);
};

/** Synthesizes the dev environment with changes; resolves to the folder of its YAML files. */
export const synthesizeDev = async (changes: Changes): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, environmentFile), await environmentText(changes));
  const manifests = join(folder, 'manifests');
  writeFiles(manifests, synthesizeManifests(readEnvironments(folder)));
  return join(manifests, 'dev');
};
