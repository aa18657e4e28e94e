import { z } from 'zod';
import { isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { readSmall } from '../store/small.ts';
import type { Store } from '../store/store.ts';

/** Folder of a store that tells which services a restore stopped; also the name of the lock on all of them. */
export const servicesFolder = 'services';

const stoppedSchema = z.strictObject({
  format: z.literal(1),
  kind: z.enum(['Deployment', 'StatefulSet']),
  namespace: z.string(),
  name: z.string(),
  /** What it had, and is to get back. */
  replicas: z.int().min(1),
  stoppedAt: z.iso.datetime(),
  /** Absent while it is stopped: where no restore runs, one was killed. */
  startedAt: z.iso.datetime().optional(),
});

/** A service that a restore stopped: `services/<namespace>/<kind>_<name>.json` in the primary store. */
export type StoppedService = z.output<typeof stoppedSchema>;

const keyOf = ({ kind, namespace, name }: Pick<StoppedService, 'kind' | 'namespace' | 'name'>): string =>
  `${servicesFolder}/${namespace}/${kind.toLowerCase()}_${name}.json`;

/** Written over, never removed: where Object Lock keeps every version, removing would fail. */
export const writeStopped = async (store: Store, service: StoppedService): Promise<void> => {
  await store.put(keyOf(service), () => oneChunk(`${JSON.stringify(service)}\n`), { replace: true });
};

/** Undefined for what is none of ours, or was removed meanwhile. */
const read = async (store: Store, key: string): Promise<StoppedService | undefined> => {
  try {
    return stoppedSchema.parse(JSON.parse((await readSmall(store, key, 'service')).toString('utf8')));
  } catch (error) {
    if (isBackupError(error, 'store.unreachable') || isBackupError(error, 'store.failed')) throw error;
    return undefined;
  }
};

/** Services that are still stopped. @throws BackupError `store.*` */
export const readStopped = async (store: Store): Promise<readonly StoppedService[]> => {
  const stopped: StoppedService[] = [];
  for await (const { key } of store.list(`${servicesFolder}/`)) {
    const service = await read(store, key);
    if (service && !service.startedAt) stopped.push(service);
  }
  return stopped;
};
