import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { synthesize } from '../src/constructs/backup-system.ts';
import { readEnvironment, type Environment } from '../src/environment.ts';
import { manifestFiles } from '../src/manifests.ts';
import type { S3Server } from '../test/kit/s3.ts';

const repository = dirname(import.meta.dirname);

/** Where the demo leaves its manifests. */
const output = join(repository, '.work/demo/manifests');

/** The dev environment; with an S3 server, that server is its remote store. */
const devEnvironment = (s3: S3Server | undefined): Environment => {
  const environment = readEnvironment(join(repository, 'Pulumi.dev.yaml'));
  if (!s3) return environment;
  const remote = {
    ...environment.stores.s3!,
    sync: true,
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
  };
  return { ...environment, stores: { ...environment.stores, s3: remote } };
};

/** Synthesizes the dev environment; resolves to the folder of its YAML files. */
export const synthesizeDev = async (s3: S3Server | undefined): Promise<string> => {
  const environment = devEnvironment(s3);
  await rm(output, { recursive: true, force: true });
  for (const [path, text] of manifestFiles(environment.environment, synthesize(environment))) {
    await mkdir(dirname(join(output, path)), { recursive: true });
    await writeFile(join(output, path), text);
  }
  return join(output, environment.environment);
};
