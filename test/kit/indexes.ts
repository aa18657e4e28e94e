import { sealObject } from '../../runtime/src/crypto/sealed-object.ts';
import { openKey } from '../../runtime/src/crypto/key-ring.ts';
import { indexKey } from '../../runtime/src/archives/layout.ts';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { keepIndexes } from '../../runtime/src/health/keep-index.ts';
import type { App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { testKeys } from './app.ts';
import { appOver } from './simulated-target.ts';
import { collect, streamOf } from './streams.ts';
import { indexFormat } from '../../runtime/src/archives/catalogue-index.ts';

const key = indexKey('redis');

/** The store, in which no index is ever found. */
export const withoutIndex = (store: Store): Store => ({
  ...store,
  get: (name, start) => {
    if (name.endsWith('.index')) throw new BackupError('store.missing', 'hidden');
    return store.get(name, start);
  },
});

/** The store, which notes the keys of what is read. */
export const noting = (store: Store, gets: string[]): Store => ({
  ...store,
  get: (name, start) => (gets.push(name), store.get(name, start)),
});

export const readIndexBytes = async (store: Store): Promise<Buffer | undefined> =>
  (await store.head(key)) && Buffer.concat([await collect(store.get(key))]);

export const putIndexBytes = async (store: Store, bytes: Buffer | string): Promise<void> => {
  await store.put(key, streamOf(bytes), { replace: true });
};

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at % copy.length]! ^= 1;
  return copy;
};

/** An index that another place would write of what this store holds. */
const writtenFor = async (store: Store, app: App): Promise<void> => {
  await store.remove(key);
  await keepIndexes(app, 'redis');
};

const elsewhere = (store: Store, change: (app: App) => App) => writtenFor(store, change(appOver(store)));

/** What may become of an index; `at` picks a byte. Each is to change no answer. */
export const tamperings: Readonly<Record<string, (store: Store, at: number) => Promise<unknown>>> = {
  'is removed': (store) => store.remove(key),
  'is empty': (store) => putIndexBytes(store, ''),
  'is cut': async (store, at) => {
    const bytes = await readIndexBytes(store);
    if (bytes) await putIndexBytes(store, bytes.subarray(0, at % bytes.length));
  },
  'is damaged': async (store, at) => {
    const bytes = await readIndexBytes(store);
    if (bytes?.length) await putIndexBytes(store, flipped(bytes, at));
  },
  'is of a stranger': (store) =>
    elsewhere(store, (app) => ({ ...app, keys: [openKey('primary', 'the passphrase of a stranger')] })),
  'is of another environment': (store) =>
    elsewhere(store, (app) => ({ ...app, plan: { ...app.plan, environment: 'prod' } })),
  'is of another store': (store) =>
    elsewhere(store, (app) => ({
      ...app,
      stores: { primary: { ...store, location: '/elsewhere' }, replicas: [] },
    })),
  'is of the future': (store) =>
    elsewhere(store, (app) => ({ ...app, run: { ...app.run, now: () => new Date(Date.now() + 1e9) } })),
  'is of a later format': async (store) => {
    const place = {
      format: indexFormat + 1,
      store: store.location,
      environment: 'test',
      target: 'redis',
      engine: 'redis',
    };
    const sealed = await sealObject('grill-backup catalogue\0', place, Buffer.from('new'), testKeys[0]);
    await putIndexBytes(store, sealed);
  },
};
