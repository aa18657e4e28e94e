import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { compressionNames } from '../../../runtime/src/contract/compression.ts';
import type { Believed } from '../../../runtime/src/archives/authentic.ts';
import { writeManifest } from '../../../runtime/src/archives/catalogue.ts';
import { rekeyedName } from '../../../runtime/src/archives/layout.ts';
import { listFiles } from '../../../runtime/src/archives/survey.ts';
import { believedAt } from '../../../runtime/src/archives/of-target.ts';
import { partKey, partsFolder, sealedOf } from '../../../runtime/src/archives/parts/keys.ts';
import { readEntries } from '../../../runtime/src/archives/read.ts';
import { replicate } from '../../../runtime/src/archives/replicate.ts';
import type { Manifest, PartedManifest } from '../../../runtime/src/archives/manifest.ts';
import { rekey } from '../../../runtime/src/commands/rekey/rekey.ts';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { listed } from '../../../runtime/src/store/listed.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { passphrase } from '../../kit/installation.ts';
import { backUpParts, type Database } from '../../kit/parted.ts';
import { collect, streamOf } from '../../kit/streams.ts';

let primary: Store;
let replica: Store;
beforeEachStore((store) => (primary = store));
beforeEachStore((store) => (replica = store));

let hour = 0;
const app = () =>
  testApp({
    stores: { primary, replicas: [replica] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { now: () => new Date(Date.UTC(2024, 2, 10, hour)) },
  });

const first: Database = new Map([
  ['parts/a', 'a'.repeat(5000)],
  ['parts/b', ''],
  ['parts/c', 'c'],
]);
const second: Database = new Map([...first, ['parts/c', 'changed'], ['parts/d', 'new']]);

const night = (database: Database) => {
  hour++;
  return backUpParts(app(), database);
};

const contentIn = async (from: App, archive: Believed): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  for await (const { name, content } of readEntries(from, archive, 'read'))
    found[name] = (await collect(content)).toString('utf8');
  return found;
};

const contentOf = async (store: Store, key: string) =>
  contentIn(app(), await believedAt(app(), store, 'redis', key));

const whole = (database: Database) => ({
  head: 'the head',
  ...Object.fromEntries(database),
  tail: 'the tail',
});

const partsIn = async (store: Store) => (await listed(store, partsFolder('redis'))).map(({ key }) => key);
const partOf = (manifest: Manifest, entry: string) =>
  (manifest as PartedManifest).parts.find((part) => part.entry === entry)!;
const keyIn = (manifest: Manifest, entry: string) => partKey('redis', partOf(manifest, entry));

test('what did not change is stored once, and every archive is whole', async () => {
  const [one, two] = [await night(first), await night(second)];
  for (const entry of ['parts/a', 'parts/b'])
    expect(partOf(two.manifest, entry)).toEqual(partOf(one.manifest, entry));
  expect(partOf(two.manifest, 'parts/c').id).not.toBe(partOf(one.manifest, 'parts/c').id);
  expect(await partsIn(primary)).toHaveLength(3 + 1 + 2 + 1); // with the notes of each
  expect(await contentOf(primary, one.key)).toEqual(whole(first));
  expect(await contentOf(primary, two.key)).toEqual(whole(second));
  expect(Object.keys(await contentOf(primary, two.key))).toEqual(
    two.manifest.entries.map(({ name }) => name),
  );
  expect((await listFiles(primary, 'redis')).orphans).toEqual([]);
});

test('a replica gets each part once, before the archive that names it', async () => {
  const [one, two] = [await night(first), await night(second)];
  const order: string[] = [];
  const put: Store['put'] = (key, ...rest) => (order.push(key), replica.put(key, ...rest));
  await replicate(app(), 'redis', { ...replica, put });
  expect(await contentOf(replica, two.key)).toEqual(whole(second));
  const parts = [one, two].flatMap(({ manifest }) =>
    sealedOf(manifest).map((part) => partKey('redis', part)),
  );
  expect(order.filter((key) => key.startsWith('parts/')).toSorted()).toEqual([...new Set(parts)].toSorted());
  for (const { key, manifest } of [one, two])
    for (const part of sealedOf(manifest))
      expect(order.indexOf(partKey('redis', part))).toBeLessThan(order.indexOf(key));
});

test('a part that is gone, or of another size, is stored again by the next archive', async () => {
  const { manifest } = await night(first);
  await primary.remove(keyIn(manifest, 'parts/a'));
  await primary.put(keyIn(manifest, 'parts/b'), streamOf('longer than before'), { replace: true });
  const next = await night(first);
  for (const entry of ['parts/a', 'parts/b'])
    expect(partOf(next.manifest, entry).id).not.toBe(partOf(manifest, entry).id);
  expect(await contentOf(primary, next.key)).toEqual(whole(first));
});

test('nothing is committed where a part goes while it is named again', async () => {
  const { manifest } = await night(first);
  hour++;
  const lost = keyIn(manifest, 'parts/a');
  const put: Store['put'] = async (key, ...rest) => {
    if (key.startsWith('redis/')) await primary.remove(lost);
    return primary.put(key, ...rest);
  };
  const racing = { ...app(), stores: { primary: { ...primary, put }, replicas: [] } };
  await expect(backUpParts(racing, first)).rejects.toThrow(`part ${lost} is gone`);
  expect((await listFiles(primary, 'redis')).files.size).toBe(2); // the second has no manifest
});

const changes: Readonly<Record<string, (own: string, other: string) => Promise<unknown>>> = {
  'is gone': (own) => primary.remove(own),
  'is cut': async (own) => {
    const bytes = await collect(primary.get(own));
    await primary.put(own, streamOf(bytes.subarray(0, -16)), { replace: true });
  },
  'is altered': async (own) => {
    const bytes = await collect(primary.get(own));
    bytes[20]! ^= 1;
    await primary.put(own, streamOf(bytes), { replace: true });
  },
  'is another one': async (own, other) => {
    await primary.put(own, streamOf(await collect(primary.get(other))), { replace: true });
  },
};

test.each(Object.entries(changes))(
  'a part that %s fails by its name, before a byte of it is used',
  async (_, change) => {
    const { key, manifest } = await night(first);
    const own = keyIn(manifest, 'parts/a');
    await change(own, keyIn(manifest, 'parts/c'));
    const archive = await believedAt(app(), primary, 'redis', key);
    let seen = '';
    const read = async () => {
      for await (const { name, content } of readEntries(app(), archive, 'read'))
        for await (const chunk of content) if (name === 'parts/a') seen += chunk.toString();
    };
    await expect(read()).rejects.toThrow(`part ${own}`);
    expect(seen).toBe('');
  },
);

test('rekey seals every part once under the first key, and archives go on sharing it', async () => {
  const [one, two] = [await night(first), await night(second)];
  const [old] = app().keys!;
  const keys: KeyRing = [openKey('k2', 'a new passphrase of good length'), old];
  await rekey({ ...app(), stores: { primary, replicas: [] }, keys }, 'redis', { dryRun: false });
  const alone: App = { ...app(), keys: [keys[0]] };
  const manifests: Manifest[] = [];
  for (const [{ key }, database] of [
    [one, first],
    [two, second],
  ] as const) {
    const archive = await believedAt(alone, primary, 'redis', rekeyedName(key, 'k2'));
    manifests.push(archive.manifest);
    expect(await contentIn(alone, archive)).toEqual(whole(database));
  }
  const [mine, next] = manifests as [Manifest, Manifest];
  expect(partOf(next, 'parts/a')).toEqual(partOf(mine, 'parts/a'));
  expect(partOf(next, 'parts/a').id).not.toBe(partOf(one.manifest, 'parts/a').id);
  hour++;
  const third = await backUpParts({ ...app(), keys }, second); // under the new key, the parts go on
  expect(partOf(third.manifest, 'parts/a').id).toBe(partOf(next, 'parts/a').id);
});

describe.each(compressionNames)('files of an archive, of %s,', (algorithm) => {
  const alike: Database = new Map(
    ['a', 'b'].map((name) => [`parts/${name}`, 'the same content '.repeat(500)]),
  );
  const stored = async () => {
    const packed = testApp({
      stores: { primary, replicas: [] },
      targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
      plan: { compression: { algorithm } },
    });
    const { manifest, key } = await backUpParts(packed, alike);
    const keys = [key, ...sealedOf(manifest).map((part) => partKey('redis', part))];
    return { manifest, files: await Promise.all(keys.map((each) => collect(primary.get(each)))) };
  };

  test('share a salt, and no block behind the first', async () => {
    const { manifest, files } = await stored();
    const salts = new Set([manifest.encryption, ...sealedOf(manifest)].map((each) => each?.salt));
    expect(salts.size).toBe(1);
    const blocks = files.flatMap((bytes) =>
      Array.from({ length: bytes.length / 16 - 2 }, (_, at) =>
        bytes.toString('hex', 32 + at * 16, 48 + at * 16),
      ),
    );
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  test('are opened by hand', async () => {
    const { files } = await stored();
    const args = ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-iter', '100000', '-pass', 'env:PASSPHRASE'];
    const env = { ...process.env, PASSPHRASE: passphrase };
    const open = (input: Buffer) =>
      execFileSync(algorithm, ['-dc'], { input: execFileSync('openssl', args, { input, env }) }).toString();
    expect(files.slice(1, 3).map(open)).toEqual([...alike.values()]);
  });
});

test('what an archive before failed is taken anew', async () => {
  const { key, manifest } = await night(first);
  const failed = {
    at: '2024-03-10T23:00:00.000Z',
    level: 'deep',
    ok: false,
    problem: 'archive.damaged',
  } as const;
  await writeManifest(primary, key, { ...manifest, verifications: [failed] }, app().keys, { replace: true });
  const next = await night(first);
  expect(sealedOf(next.manifest).map(({ id }) => id)).not.toContain(partOf(manifest, 'parts/a').id);
});

const many: Database = new Map(
  Array.from({ length: 9 }, (_, index) => [`parts/${index}`, `${index}`.repeat(50)]),
);

/** A store to which parts take their time; counts those that are on their way. */
const slowStore = (fails: (key: string) => boolean = () => false) => {
  const counted = { now: 0, most: 0 };
  const put: Store['put'] = async (key, ...rest) => {
    if (!key.startsWith('parts/')) return primary.put(key, ...rest);
    counted.most = Math.max(counted.most, (counted.now += 1));
    try {
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
      if (fails(key)) throw new Error('the disk is full');
      return await primary.put(key, ...rest);
    } finally {
      counted.now -= 1;
    }
  };
  return { counted, stores: { primary: { ...primary, put }, replicas: [] } };
};

test('parts that are in memory are stored two at a time, and listed in their order', async () => {
  const { counted, stores } = slowStore();
  hour++;
  const { key, manifest } = await backUpParts({ ...app(), stores }, many, true);
  expect(counted).toEqual({ now: 0, most: 2 });
  expect((manifest as PartedManifest).parts.map(({ entry }) => entry)).toEqual([...many.keys()]);
  expect(Object.entries(await contentOf(primary, key))).toEqual(Object.entries(whole(many)));
});

test('where one of them cannot be stored nothing is committed, and none is on its way any more', async () => {
  let calls = 0;
  const { counted, stores } = slowStore(() => (calls += 1) === 4);
  hour++;
  await expect(backUpParts({ ...app(), stores }, many, true)).rejects.toThrow('the disk is full');
  expect(counted).toEqual({ now: 0, most: 2 });
  expect((await listed(primary, 'redis/')).filter(({ key }) => key.endsWith('.json'))).toEqual([]);
});
