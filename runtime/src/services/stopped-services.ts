import { z } from 'zod';
import { serviceKinds } from '../cluster/config.ts';
import { isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { listed } from '../store/listed.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store } from '../store/store.ts';
import { proofOf, sign, signatureShape } from '../crypto/signature.ts';

/** Folder of a store that tells which services a restore stopped; also the name of the lock on all of them. */
export const servicesFolder = 'services';

const stoppedSchema = z.strictObject({
  format: z.literal(1),
  kind: z.enum(serviceKinds),
  namespace: z.string(),
  name: z.string(),
  /** What it had, and is to get back. */
  replicas: z.int().min(1),
  stoppedAt: z.iso.datetime(),
  /** Absent while it is stopped: where no restore runs, one was killed. */
  startedAt: z.iso.datetime().optional(),
});

const signedSchema = z.strictObject({ ...stoppedSchema.shape, ...signatureShape });

const label = 'grill-backup service\0';

/** A service that a restore stopped: `services/<namespace>/<kind>_<name>.json` in the primary store. */
export type StoppedService = z.output<typeof stoppedSchema>;

const keyOf = ({ kind, namespace, name }: Pick<StoppedService, 'kind' | 'namespace' | 'name'>): string =>
  `${servicesFolder}/${namespace}/${kind.toLowerCase()}_${name}.json`;

/** Written over, never removed: where Object Lock keeps every version, removing would fail. */
export const writeStopped = async (
  store: Store,
  keys: KeyRing | undefined,
  service: StoppedService,
): Promise<void> => {
  const text = `${JSON.stringify(await sign(label, service, keys?.[0]))}\n`;
  await store.put(keyOf(service), () => oneChunk(text), { replace: true });
};

/**
 * Undefined for what is none of ours, was removed meanwhile, belongs under another name, or is signed by no available key:
 * whoever can write to the store must not scale services.
 */
const read = async (
  store: Store,
  keys: KeyRing | undefined,
  key: string,
): Promise<StoppedService | undefined> => {
  try {
    const signed = signedSchema.parse(JSON.parse((await readSmall(store, key, 'service')).toString('utf8')));
    const proof = await proofOf(label, signed, keys);
    const { mac: _mac, key: _key, ...service } = signed;
    return proof === (keys ? 'proved' : 'unproved') && keyOf(service) === key ? service : undefined;
  } catch (error) {
    if (isBackupError(error, 'store.unreachable') || isBackupError(error, 'store.failed')) throw error;
    return undefined;
  }
};

/** Services that are still stopped. @throws BackupError `store.*` */
export const readStopped = async (
  store: Store,
  keys: KeyRing | undefined,
): Promise<readonly StoppedService[]> => {
  const stopped: StoppedService[] = [];
  for (const { key } of await listed(store, `${servicesFolder}/`)) {
    const service = await read(store, keys, key);
    if (service && !service.startedAt) stopped.push(service);
  }
  return stopped;
};
