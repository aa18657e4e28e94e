import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  readStopped,
  writeStopped,
  type StoppedService,
} from '../../../runtime/src/services/stopped-services.ts';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import { collect } from '../../../runtime/src/core/process.ts';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';

const ring: KeyRing = [openKey('primary', 'correct horse battery staple')];
const stranger: KeyRing = [openKey('primary', 'the passphrase of a stranger')];
const api: StoppedService = {
  format: 1,
  kind: 'Deployment',
  namespace: 'grill-stats',
  name: 'api',
  replicas: 3,
  stoppedAt: '2024-01-01T02:00:00.000Z',
};
const key = 'services/grill-stats/deployment_api.json';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const text = async (): Promise<string> => (await collect(store.get(key))).toString('utf8');
const plant = (content: string, at = key) => store.put(at, () => oneChunk(content), { replace: true });

test.each([['with a key', ring] as const, ['in the clear', undefined] as const])(
  'a service that was stopped %s is found until it is started',
  async (_, keys) => {
    await writeStopped(store, keys, api);
    expect(await readStopped(store, keys)).toEqual([api]);
    await writeStopped(store, keys, { ...api, startedAt: '2024-01-01T02:05:00.000Z' });
    expect(await readStopped(store, keys)).toEqual([]);
  },
);

describe('with a key, nobody who can only write to the store scales a service', () => {
  test('by a record in the clear, or under another passphrase', async () => {
    await writeStopped(store, undefined, api);
    expect(await readStopped(store, ring)).toEqual([]);
    await writeStopped(store, stranger, api);
    expect(await readStopped(store, ring)).toEqual([]);
  });

  test('by a true record under the name of another service', async () => {
    await writeStopped(store, ring, api);
    await plant(await text(), 'services/grill-stats/statefulset_web.json');
    expect(await readStopped(store, ring)).toEqual([api]);
  });

  test('by another value of any field', async () => {
    await writeStopped(store, ring, api);
    const signed = JSON.parse(await text()) as Record<string, unknown>;
    const values = fc.oneof(fc.integer(), fc.string(), fc.constant('StatefulSet'), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(signed), 'startedAt'), values, async (field, value) => {
        fc.pre(signed[field] !== value);
        await plant(JSON.stringify({ ...signed, [field]: value }));
        expect(await readStopped(store, ring)).toEqual([]);
      }),
    );
  });
});
