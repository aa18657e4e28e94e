import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListPartsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { rateLimited } from '../../../runtime/src/store/rate-limited-store.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../kit/faulty-proxy.ts';
import { install, planFor, type Installation } from '../../kit/installation.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { startS3, type S3Server } from '../../kit/s3.ts';
import { collect, streamOf } from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';

const MiB = 1 << 20;
const bucket = 'resumed';
const archive = 'redis/redis_20240101_040000.tar.gz.enc';
const content = randomBytes(42 * MiB);
const sha256 = createHash('sha256').update(content).digest('hex');

let server: S3Server;
let client: S3Client;
let proxy: FaultyProxy;
let fault: Fault | undefined;
let base: string;

beforeAll(async () => {
  server = await startS3();
  await server.createBucket(bucket);
  const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
  const { endpoint, region } = server;
  client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
}, 90_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
}, 90_000);
beforeEach(async () => {
  base = `s3://${bucket}/${randomBytes(6).toString('hex')}`;
  proxy = await startFaultyProxy(server.endpoint, () => fault);
});
afterEach(() => proxy.stop());

const open = (): Promise<Store> =>
  s3Store(s3Config.parse({ base, endpoint: proxy.endpoint, forcePathStyle: true }), server);

const uploads = async () => {
  const Prefix = base.slice(`s3://${bucket}/`.length);
  return (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix }))).Uploads ?? [];
};

/** Numbers of the parts that the server has of the upload under way. */
const heldParts = async (): Promise<readonly number[]> => {
  const [{ Key, UploadId }] = (await uploads()) as [{ Key: string; UploadId: string }];
  const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket: bucket, Key, UploadId }));
  return Parts.map(({ PartNumber }) => PartNumber!);
};

/** Numbers of the parts of a key that were sent since `from`. */
const sentParts = (key: string, from: number): readonly number[] =>
  proxy
    .requests()
    .slice(from)
    .filter((line) => line.startsWith('PUT ') && line.includes(key))
    .map((line) => Number(/partNumber=(\d+)/.exec(line)?.[1]));

const atPart = (part: number, kind: 'cut' | 'stall'): Fault => ({
  ...{ kind, direction: 'request', afterBytes: 1 },
  when: new RegExp(`^PUT \\S+partNumber=${part}&`),
});

/** Uploads until the link breaks in part 4 of 6; the number of requests that it took. */
const breakOff = async (store: Store, body = content, hash = sha256): Promise<number> => {
  fault = atPart(4, 'cut');
  await expect(store.put(archive, () => streamOf(body), { sha256: hash })).rejects.toMatchObject({
    code: 'store.unreachable',
  });
  fault = undefined;
  expect(await uploads()).toHaveLength(1);
  return proxy.requests().length;
};

describe('an upload of known content that broke off', () => {
  test('is continued: only parts that the server lacks are sent', async () => {
    const store = await open();
    const from = await breakOff(store);
    expect(await store.put(archive, () => streamOf(content), { sha256 })).toBe(content.length);
    const sent = sentParts(archive, from);
    expect(sent).toContain(4);
    expect(sent.filter((part) => part < 4)).toEqual([]);
    expect((await collect(store.get(archive))).equals(content)).toBe(true);
    expect(await uploads()).toEqual([]);
  }, 60_000);

  test('is not mixed with other content: what differs is sent', async () => {
    const store = await open();
    const from = await breakOff(store);
    const other = Buffer.from(content);
    other[9 * MiB]! ^= 1; // in part 2
    await store.put(archive, () => streamOf(other), {
      sha256: createHash('sha256').update(other).digest('hex'),
    });
    const sent = sentParts(archive, from);
    expect(sent).toContain(2);
    expect(sent).not.toContain(1);
    expect(sent).not.toContain(3);
    expect((await collect(store.get(archive))).equals(other)).toBe(true);
  }, 60_000);

  test('is not continued by one whose content is not known, and is removed after the grace time', async () => {
    const store = await open();
    const from = await breakOff(store);
    await store.put(archive, streamOf(content));
    expect(sentParts(archive, from).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await store.leftovers(new Date(Date.now() - 60_000))).toBe(0);
    expect(await store.removeLeftovers(new Date(Date.now() + 60_000))).toBe(1);
    expect(await uploads()).toEqual([]);
    expect((await collect(store.get(archive))).equals(content)).toBe(true);
  }, 60_000);

  test('waits for its bandwidth only for what it sends', async () => {
    const waits: number[] = [];
    const store = await open();
    await breakOff(store);
    const pace = { nowMs: () => 0, pause: async (ms: number) => void waits.push(ms) };
    await rateLimited(store, MiB, undefined, pace).put(archive, () => streamOf(content), { sha256 });
    expect(Math.max(...waits) / 1000).toBeLessThanOrEqual(2 * 8 + 2);
  }, 60_000);
});

describe('a backup that is killed while it copies to S3', () => {
  const password = 'redis-password-of-the-test';
  let redis: TestRedis;
  let installation: Installation;

  beforeAll(async () => {
    redis = await startRedis({ password });
    const env = { ...process.env, REDISCLI_AUTH: password };
    for (const key of ['a', 'b', 'c'])
      execFileSync('redis-cli', ['-h', redis.host, '-p', `${redis.port}`, '-x', 'SET', key], {
        env,
        input: randomBytes(14 * MiB),
      });
    installation = install([], { redis: { password } });
    installation.setSecret('backup-encryption-secret', 's3-access-key', server.accessKey);
    installation.setSecret('backup-encryption-secret', 's3-secret-key', server.secretKey);
  }, 60_000);
  afterAll(async () => {
    await installation.dispose();
    await redis.stop();
  });

  const usePlan = () => {
    const s3 = { base, endpoint: proxy.endpoint, forcePathStyle: true };
    const connection = { host: redis.host, port: redis.port };
    const target = { name: 'redis', engine: 'redis', connection, secret: { name: 'redis' } };
    const stores = { directory: { path: installation.backup }, s3 };
    const retention = { weekly: 0, monthly: 0 };
    installation.setPlan(planFor(installation.backup, [target], { stores, retention }));
  };

  const keyOf = (key: string): string => key.slice(`${base}/`.length - `s3://${bucket}/`.length);

  /** Backs up until part 4 hangs, and kills the run there; the key of its archive. */
  const killedCopy = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<string> => {
    fault = atPart(4, 'stall');
    let pid = 0;
    const run = installation.cli(['backup', 'redis'], (started) => (pid = started));
    await until(async () => {
      const held = await heldParts();
      return [1, 2, 3, 5].every((part) => held.includes(part));
    });
    process.kill(pid, signal);
    expect((await run).code).not.toBe(0);
    fault = undefined;
    const [begun, ...others] = await uploads();
    expect(others).toEqual([]);
    return keyOf(begun!.Key!);
  };

  const expectOnlyMissing = (sent: readonly number[]): void => {
    expect(sent).toContain(4);
    expect(sent.filter((part) => part < 4 || part === 5)).toEqual([]);
  };

  const expectEqual = async (key: string): Promise<void> => {
    const local = readFileSync(join(installation.backup, key));
    expect((await collect((await open()).get(key))).equals(local)).toBe(true);
    expect(await uploads()).toEqual([]);
  };

  test('is caught up by the next one, which sends the missing parts alone', async () => {
    usePlan();
    const key = await killedCopy('SIGKILL');
    const from = proxy.requests().length;
    const { code, json } = await installation.cli(['backup', 'redis', '--json']);
    expect(code).toBe(0);
    expect(json.replicated[base]).toEqual(expect.arrayContaining([key, json.archive]));
    expectOnlyMissing(sentParts(`${key}?`, from));
    await expectEqual(key);
    await expectEqual(json.archive);
  }, 120_000);

  test('is caught up by check --repair', async () => {
    usePlan();
    const key = await killedCopy('SIGTERM');
    const look = await installation.cli(['check', '--json']);
    expect(look.json.findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'copy-missing', key, severity: 'notice' })]),
    );
    const from = proxy.requests().length;
    const { code, json } = await installation.cli(['check', '--repair', '--json']);
    expect([code, json.problems]).toEqual([0, 0]);
    expectOnlyMissing(sentParts(`${key}?`, from));
    await expectEqual(key);
  }, 120_000);
});
