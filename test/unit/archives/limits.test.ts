import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { appendAudit, readAudit } from '../../../runtime/src/runs/audit.ts';
import { verifyAudit } from '../../../runtime/src/runs/audit-verify.ts';
import { readCatalog } from '../../../runtime/src/archives/catalogue.ts';
import { findLock } from '../../../runtime/src/runs/lock-state.ts';
import { takeLock } from '../../../runtime/src/runs/lock.ts';
import { recordsReader } from '../../../runtime/src/runs/read-records.ts';
import { readStopped } from '../../../runtime/src/services/stopped-services.ts';
import { jsonProblem } from '../../../runtime/src/core/json-shape.ts';
import { listed as listAll } from '../../../runtime/src/store/listed.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { testRun } from '../../kit/run.ts';
import { streamOf } from '../../kit/streams.ts';
import { listed } from '../../kit/objects.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const now = new Date('2024-01-02T00:00:00.000Z');
const recordsOf = (of: Store) =>
  recordsReader(of, { environment: 'test', keys: undefined }).read('redis', now);

/** 200 GB that take no space. */
const plantGiant = (key: string): void => {
  const path = join(store.location, key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '{');
  truncateSync(path, 2e11);
};

describe('an object of 200 GB where a small one belongs', () => {
  test('is no lock', async () => {
    plantGiant('locks/redis/00000001.json');
    expect(await findLock(store, 'redis', now)).toMatchObject({ state: 'unreadable' });
    await (await takeLock(testRun(), store, 'redis', 'backup')).release();
  });

  test('is not a record of a run, nor of a service', async () => {
    plantGiant('runs/redis/20240101_000000_000_backup_abcdef.json');
    plantGiant('services/grill-stats/deployment_api.json');
    expect(await recordsOf(store)).toEqual([]);
    expect(await readStopped(store, undefined)).toEqual([]);
  });

  test('is a problem of the audit trail, named', async () => {
    plantGiant('audit/0000000001.json');
    expect(await Array.fromAsync(readAudit(store))).toMatchObject([{ entry: undefined }]);
    const { problems } = await verifyAudit(store, undefined);
    expect(problems).toContainEqual({ entry: 'audit/0000000001.json', message: 'was altered' });
    const event = { at: now.toISOString(), host: 'a', command: 'backup', target: 'redis', ok: true };
    await expect(appendAudit(store, undefined, { ...event, figures: {} })).rejects.toMatchObject({
      code: 'store.large',
      message: 'audit/0000000001.json has 186.3 GiB, and an entry of the audit trail has at most 1 MiB',
    });
  });

  test('is a manifest that does not count, named with its size and the limit', async () => {
    plantGiant('redis/redis_20240101_040000.tar.gz.enc.manifest.json');
    const { archives, broken } = await readCatalog(store, 'redis');
    expect(archives).toEqual([]);
    expect(broken).toMatchObject([
      {
        error: {
          code: 'store.large',
          message:
            'redis/redis_20240101_040000.tar.gz.enc.manifest.json has 186.3 GiB, and a manifest has at most 64 MiB',
        },
      },
    ]);
  });

  test('is no alias', async () => {
    plantGiant('redis/latest_backup.tar.gz.enc');
    await expect(store.resolve('redis/latest_backup.tar.gz.enc')).rejects.toMatchObject({
      code: 'store.large',
      message: expect.stringContaining('and an alias has at most 1 KiB'),
    });
  });
});

describe('locks that no run wrote', () => {
  const owner = { host: 'a', pid: 1, id: 'a', command: 'backup' };
  const plant = (generation: string, text: string) =>
    store.put(`locks/redis/${generation}.json`, streamOf(text));
  const until = (expiresAt: string) => JSON.stringify({ owner, startedAt: now.toISOString(), expiresAt });

  test('hold nobody up: those of the far future, of the last number, and what is no lock', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('00000007', '99999999', '999999999999'),
        fc.oneof(
          fc.constant(until('2099-01-01T00:00:00.000Z')),
          fc.constant(until('9999-12-31T23:59:59.999Z')),
          fc.json(),
          fc.string(),
          fc.constant('['.repeat(60_000)),
        ),
        async (generation, text) => {
          await plant(generation, text);
          const lock = await takeLock(testRun(), store, 'redis', 'backup');
          await expect(takeLock(testRun(), store, 'redis', 'backup')).rejects.toMatchObject({
            code: 'lock.held',
          });
          await lock.release();
          for (const { key } of await listed(store, 'locks/')) await store.remove(key);
        },
      ),
      { numRuns: 20 },
    );
  });
});

test('what is gone when it is read, after it was listed, is left out', async () => {
  const key = 'redis/redis_20240101_040000.tar.gz.enc.manifest.json';
  const vanishing: Store = {
    ...store,
    list: async function* () {
      yield [{ key, bytes: 3, modified: now, tag: '' }];
    },
  };
  expect(await readCatalog(vanishing, 'redis')).toEqual({ archives: [], broken: [] });
  expect(await Array.fromAsync(readAudit(vanishing))).toEqual([]);
  expect(await recordsOf(vanishing)).toEqual([]);
});

test('a listing without end is left, with the place named', async () => {
  const endless: Store = {
    ...store,
    list: async function* () {
      for (let number = 1e9; ; number++) yield [{ key: `redis/${number}`, bytes: 1, modified: now, tag: '' }];
    },
  };
  await expect(listAll(endless, 'redis/')).rejects.toThrow('has more than 250000 objects under redis/');
});

test('an audit trail that says yes to every question is left', async () => {
  const yes: Store = { ...store, head: async (key) => ({ key, bytes: 1, modified: now, tag: '' }) };
  const event = { at: now.toISOString(), host: 'a', command: 'backup', target: 'redis', ok: true };
  await expect(appendAudit(yes, undefined, { ...event, figures: {} })).rejects.toThrow(
    'has too many audit entries after the newest known one',
  );
});

describe('the shape of JSON', () => {
  const shape = (text: string) => jsonProblem(Buffer.from(text));

  test('is fine for whatever a program may write', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 20 }), (text) => shape(text) === undefined));
  });

  test('is looked at without parsing: depth, containers, fields and items are bounded', () => {
    expect(shape('['.repeat(33))).toBe('JSON deeper than 32');
    expect(shape(`[${'[],'.repeat(250_001)}]`)).toContain('more values');
    expect(shape(`{${'"a":1'.repeat(600_001)}}`)).toContain('more values');
    expect(shape(`[${'1,'.repeat(1_200_001)}]`)).toContain('more values');
    expect(shape(`["${'a'.repeat(2 << 20)}"]`)).toBe('JSON with a string of more than 1048575 bytes');
    expect(shape(JSON.stringify({ ['a'.repeat(4097)]: 1 }))).toBe('JSON with a key of more than 4096 bytes');
    expect(shape(JSON.stringify({ ['\n'.repeat(2048)]: 'a'.repeat(4097) }))).toBeUndefined();
    expect(shape(JSON.stringify(`\\"${'[{,:'.repeat(100_000)}\\`))).toBeUndefined();
  });
});
