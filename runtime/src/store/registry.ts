import { secrets } from '../contract/secrets.ts';
import type { RunContext } from '../core/context.ts';
import { quantityValue } from '../core/quantity.ts';
import { withoutReturn } from '../core/secret-files.ts';
import type { DirectoryConfig, S3Config } from './config.ts';
import { directoryStore } from './directory.ts';
import { rateLimited } from './rate-limited-store.ts';
import type { Store } from './store.ts';

export { directoryConfig, s3Config, s3Base, type DirectoryConfig, type S3Config } from './config.ts';

/** `stores` of a plan. */
export interface StoresConfig {
  readonly directory?: DirectoryConfig | undefined;
  readonly s3?: S3Config | undefined;
}

/** Archives are written to the primary store first and read from it first; replicas get the same keys. */
export interface Stores {
  readonly primary: Store;
  readonly replicas: readonly Store[];
}

const openS3 = async (run: RunContext, config: S3Config, secret: string): Promise<Store> => {
  const { s3AccessKey, s3SecretKey } = secrets.encryption.keys;
  const keys =
    config.credentials === 'secret'
      ? {
          accessKey: withoutReturn(await run.readSecret(secret, s3AccessKey)),
          secretKey: withoutReturn(await run.readSecret(secret, s3SecretKey)),
        }
      : undefined;
  // The SDK costs 40 MiB and a third of a second; the plan's parser and a directory alone do without it.
  const [{ s3Store }, { retrying }] = await Promise.all([import('./s3.ts'), import('./retrying-store.ts')]);
  const store = await s3Store(config, keys);
  const bytesPerSecond = config.bandwidth === undefined ? undefined : quantityValue(config.bandwidth);
  // Inside the retries, so that what is sent again counts again.
  return retrying(bytesPerSecond ? rateLimited(store, bytesPerSecond, run.signal) : store, run.signal);
};

/**
 * Stores of a plan: the directory first where there is one, S3 as its replica or as the only store.
 * `secret` names the Secret with the S3 keys: `encryption.secret` of the plan.
 * @throws BackupError `secret.missing`; no store is contacted yet.
 */
export const openStores = async (run: RunContext, config: StoresConfig, secret: string): Promise<Stores> => {
  const directory = config.directory && directoryStore(config.directory);
  const s3 = config.s3?.sync ? await openS3(run, config.s3, secret) : undefined;
  const [primary, ...replicas] = [directory, s3].filter((store) => store !== undefined);
  if (!primary) throw new Error('a plan without stores passed its schema');
  return { primary, replicas };
};
