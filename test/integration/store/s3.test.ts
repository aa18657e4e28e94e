import { randomBytes } from 'node:crypto';
import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { s3Config, type S3Config } from '../../../runtime/src/store/config.ts';
import { retrying } from '../../../runtime/src/store/retrying-store.ts';
import { s3Limits } from '../../../runtime/src/store/s3-client.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../kit/faulty-proxy.ts';
import { startHttpProxy, type HttpProxy } from '../../kit/http-proxy.ts';
import { freePort } from '../../kit/private-server.ts';
import { s3ClientOf, startS3, type S3Server } from '../../kit/s3.ts';
import { listed } from '../../kit/objects.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const MiB = 1 << 20;
const bucket = 'faults';
const archive = 'redis/redis_20240101_040000.tar.gz.enc';

let server: S3Server;
let client: S3Client;
let base: string;
let proxies: FaultyProxy[] = [];

beforeAll(async () => {
  server = await startS3();
  await server.createBucket(bucket);
  client = s3ClientOf(server);
}, 90_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
}, 90_000);
beforeEach(() => {
  base = `s3://${bucket}/${randomBytes(6).toString('hex')}`;
});
afterEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  proxies = [];
});

const open = (config: Partial<S3Config> = {}, keys = server, limits = {}): Promise<Store> =>
  s3Store(s3Config.parse({ base, endpoint: server.endpoint, forcePathStyle: true, ...config }), keys, {
    ...s3Limits,
    ...limits,
  });

/** The store behind a proxy. */
const openFaulty = async (fault: (connection: number) => Fault | undefined, limits = {}): Promise<Store> => {
  const proxy = await startFaultyProxy(server.endpoint, fault);
  proxies.push(proxy);
  return open({ endpoint: proxy.endpoint }, server, limits);
};

const first =
  (count: number, fault: Fault) =>
  (connection: number): Fault | undefined =>
    connection < count ? fault : undefined;

const all = (fault: Fault) => () => fault;

/** Everything under the store's prefix as the server sees it, unfinished uploads included. */
const held = async (): Promise<readonly (string | undefined)[]> => {
  const where = { Bucket: bucket, Prefix: base.slice(`s3://${bucket}/`.length) };
  const [objects, uploads] = await Promise.all([
    client.send(new ListObjectsV2Command(where)),
    client.send(new ListMultipartUploadsCommand(where)),
  ]);
  return [...(objects.Contents ?? []), ...(uploads.Uploads ?? [])].map(({ Key }) => Key);
};

/** The error of each operation, as `code: message`. */
const errorsOf = async (store: Store): Promise<readonly string[]> => {
  const operations = [
    store.put(archive, streamOf('x')),
    collect(store.get(archive)),
    listed(store, 'redis/'),
    store.remove(archive),
    store.point('redis/latest_backup', archive),
  ];
  return (await Promise.allSettled(operations)).map((settled) =>
    settled.status === 'rejected' ? `${settled.reason.code}: ${settled.reason.message}` : 'done',
  );
};

describe('what a server refuses', () => {
  test('is told for a wrong secret key, without the keys', async () => {
    const wrong = { ...server, secretKey: 'not-the-secret-key' };
    for (const error of await errorsOf(await open({}, wrong))) {
      expect(error).toMatch(
        /^store\.refused: s3:\/\/faults\/.* at 127\.0\.0\.1:\d+ was refused \((SignatureDoesNotMatch|HTTP 403)\)$/,
      );
      expect(error).not.toContain(server.accessKey);
      expect(error).not.toContain(wrong.secretKey);
    }
  });

  test('is told for an unknown access key', async () => {
    const [, got] = await errorsOf(await open({}, { ...server, accessKey: 'UNKNOWN' }));
    expect(got).toMatch(/^store\.refused: .*InvalidAccessKeyId/);
  });

  test('is told for a bucket that does not exist, by its name', async () => {
    const errors = await errorsOf(await open({ base: 's3://no-such-bucket/p' }));
    for (const error of errors)
      expect(error).toMatch(/^store\.refused: s3:\/\/no-such-bucket\/p.*: the bucket does not exist$/);
  });

  test('is told for a quota that is used up', async () => {
    await server.createBucket('small');
    await server.admin('quota', 'set', '--quota-scope=bucket', '--bucket=small', '--max-size=1M');
    await server.admin('quota', 'enable', '--quota-scope=bucket', '--bucket=small');
    const small = await open({ base: 's3://small' });
    await small.put('redis/a', streamOf(Buffer.alloc(512 << 10)));
    await expect(small.put(archive, streamOf(Buffer.alloc(20 * MiB)))).rejects.toMatchObject({
      code: 'store.full',
      message: expect.stringContaining('QuotaExceeded'),
    });
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'small' }));
    expect(Uploads).toEqual([]);
    expect(await small.head(archive)).toBeUndefined();
  });
});

describe('TLS', () => {
  test('trusts the CA of caFile', async () => {
    const store = await open({ endpoint: server.tlsEndpoint, caFile: server.caFile });
    await store.put(archive, streamOf('over TLS'));
    expect((await collect(store.get(archive))).toString()).toBe('over TLS');
  });

  test('does not talk to a server that no known CA vouches for', async () => {
    const store = await open({ endpoint: server.tlsEndpoint });
    await expect(listed(store, '')).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringContaining('unable to verify the first certificate'),
    });
  });

  test('names a caFile that is not there', async () => {
    await expect(open({ endpoint: server.tlsEndpoint, caFile: '/nowhere/ca.pem' })).rejects.toMatchObject({
      code: 'plan.invalid',
      message: expect.stringContaining('/nowhere/ca.pem'),
    });
  });
});

describe('a proxy', () => {
  let proxy: HttpProxy;
  beforeAll(async () => {
    proxy = await startHttpProxy();
  });
  afterAll(() => proxy.stop());
  const variables = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;
  afterEach(() => variables.forEach((name) => delete process.env[name]));

  const roundTrip = async (config: Partial<S3Config>): Promise<readonly string[]> => {
    const before = proxy.requests.length;
    const store = await open(config);
    const content = randomBytes(9 * MiB);
    await store.put(archive, streamOf(content), { replace: true });
    expect((await collect(store.get(archive))).equals(content)).toBe(true);
    expect(await listed(store, 'redis/')).toHaveLength(1);
    return proxy.requests.slice(before);
  };
  const tls = () => ({ endpoint: server.tlsEndpoint, caFile: server.caFile });

  test('of the plan is asked for a tunnel by TLS, which it cannot look into', async () => {
    const asked = await roundTrip({ ...tls(), proxy: proxy.url });
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${new URL(server.tlsEndpoint).host}`]));
  });

  test('of the plan is asked with whole addresses without TLS', async () => {
    const asked = await roundTrip({ proxy: proxy.url });
    expect(asked.some((line) => line.startsWith(`PUT ${server.endpoint}/${bucket}/`))).toBe(true);
  });

  test('of the environment is used, and not for hosts that it leaves out', async () => {
    process.env['HTTPS_PROXY'] = proxy.url;
    process.env['HTTP_PROXY'] = proxy.url;
    expect(await roundTrip(tls())).not.toEqual([]);
    expect(await roundTrip({})).not.toEqual([]);
    process.env['NO_PROXY'] = 'localhost,127.0.0.1';
    expect(await roundTrip(tls())).toEqual([]);
    expect(await roundTrip({})).toEqual([]);
  });

  test('that is away makes the store unreachable', async () => {
    const store = await open({ ...tls(), proxy: `http://127.0.0.1:${await freePort()}` });
    await expect(listed(store, '')).rejects.toMatchObject({ code: 'store.unreachable' });
  });
});

describe('a broken connection', () => {
  test('to nowhere is unreachable', async () => {
    const store = await open({ endpoint: `http://127.0.0.1:${await freePort()}` });
    for (const error of await errorsOf(store))
      expect(error).toMatch(/^store\.unreachable: .* got no answer \(.*ECONNREFUSED/);
  }, 30_000);

  test.each(['cut', 'stall'] as const)(
    'that is %s never ends a get early: what did not come is asked for again',
    async (kind) => {
      const content = randomBytes(36 * MiB);
      await (await open()).put(archive, streamOf(content));
      const fault: Fault = { kind, direction: 'response', afterBytes: 3 * MiB };
      const store = await openFaulty(all(fault), { idleMs: 500 });
      expect((await collect(store.get(archive))).equals(content)).toBe(true);
      expect(proxies[0]?.connections()).toBeGreaterThan(12);
      const hopeless = await openFaulty(all({ ...fault, afterBytes: 1 }), { idleMs: 500 });
      await expect(collect(hopeless.get(archive))).rejects.toMatchObject({ code: 'store.unreachable' });
    },
    30_000,
  );

  test('that stays broken ends retries with a clear error', async () => {
    await (await open()).put(archive, streamOf('x'));
    const store = retrying(await openFaulty(all({ kind: 'status', status: 503 })), undefined, {
      attempts: 2,
      baseMs: 1,
    });
    const failed = { code: 'store.failed', message: expect.stringMatching(/faults.*503/) };
    await expect(collect(store.get(archive))).rejects.toMatchObject(failed);
    await expect(store.put('redis/b', () => streamOf('x'))).rejects.toMatchObject(failed);
  }, 30_000);

  test('during a put is mended by sending the part again', async () => {
    const content = randomBytes(20 * MiB);
    const store = await openFaulty(first(5, { kind: 'cut', direction: 'request', afterBytes: 3 * MiB }));
    expect(await store.put(archive, streamOf(content))).toBe(content.length);
    expect((await collect((await open()).get(archive))).equals(content)).toBe(true);
  }, 30_000);

  test('that breaks every part fails the put and leaves nothing', async () => {
    const store = await openFaulty(all({ kind: 'cut', direction: 'request', afterBytes: 3 * MiB }));
    await expect(store.put(archive, streamOf(randomBytes(20 * MiB)))).rejects.toMatchObject({
      code: 'store.unreachable',
    });
    expect(await held()).toEqual([]);
  }, 60_000);

  test('that stalls does not keep a put from stopping when told to', async () => {
    const stop = new AbortController();
    const store = await openFaulty(first(2, { kind: 'stall', direction: 'request', afterBytes: 3 * MiB }));
    const put = store.put(archive, streamOf(randomBytes(20 * MiB)), { signal: stop.signal });
    setTimeout(() => stop.abort(), 500);
    await expect(put).rejects.toMatchObject({ code: 'run.interrupted' });
    expect(await held()).toEqual([]);
  }, 30_000);

  test.each([
    ['an object', 1 * MiB, /^PUT /],
    ['an upload in parts', 20 * MiB, /^POST .*uploadId=/],
  ])(
    'that loses the answer to %s does not make it fail: it was stored',
    async (_, bytes, when) => {
      const content = randomBytes(bytes);
      const store = await openFaulty(first(2, { kind: 'cut', direction: 'response', afterBytes: 1, when }));
      expect(await store.put(archive, streamOf(content))).toBe(bytes);
      expect(proxies[0]!.connections()).toBeGreaterThan(1);
      expect((await collect((await open()).get(archive))).equals(content)).toBe(true);
    },
    60_000,
  );
});

describe('a server with manners of its own', () => {
  test('that ignores a range is found out', async () => {
    await (await open()).put(archive, streamOf('0123456789'));
    const store = await openFaulty(
      all({ kind: 'rewrite', pattern: /Content-Range/i, replacement: 'X-Gone-Range' }),
    );
    await expect(collect(store.get(archive, 5))).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('asked to start at 5'),
    });
  });

  test('that does not say how long its answer is could hide a cut, and is not read', async () => {
    await (await open()).put(archive, streamOf('0123456789'));
    const store = await openFaulty(
      all({ kind: 'rewrite', pattern: /Content-Length/i, replacement: 'X-Gone-Length' }),
    );
    await expect(collect(store.get(archive))).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('does not say its length'),
    });
  });

  test('takes the checksums that Object Lock asks for', async () => {
    const content = randomBytes(20 * MiB);
    const store = await open({ checksums: 'when-supported' });
    await store.put(archive, streamOf(content));
    expect((await collect(store.get(archive))).equals(content)).toBe(true);
  });

  test('copies a long object piece by piece', async () => {
    const content = randomBytes(12 * MiB);
    const store = await open({}, server, { copyPartBytes: 5 * MiB });
    await store.put(archive, streamOf(content));
    await store.copy(archive, 'redis/weekly/copy');
    expect((await collect(store.get('redis/weekly/copy'))).equals(content)).toBe(true);
    expect(await held()).toHaveLength(2);
  });
});
