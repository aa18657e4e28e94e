import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  contents,
  hostileBase,
  startHostileS3,
  xml,
  type HostileS3,
  type Manner,
} from '../../kit/hostile-s3.ts';
import { redisTarget } from '../../kit/app.ts';
import { install, planFor, type Installation } from '../../kit/installation.ts';
import { lookedAt, oddContents, oddStore, plantOdd, type OddObject } from '../../kit/odd-stores.ts';
import { freePort } from '../../kit/private-server.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { until } from '../../kit/until.ts';

/** Stores in all; CI takes a sample. $ODD_STORES is the whole. */
const count = Number(process.env['ODD_STORES'] ?? 1);

/** Only what hangs takes so long. */
const hangSeconds = 90;

const mostBytes = 300 << 20;

/** Every command that opens a store. */
const commands: readonly (readonly string[])[] = [
  ['list'],
  ['status'],
  ['show', 'redis'],
  ['check'],
  ['verify', '--level', 'quick', '--last', '3'],
  ['verify', '--level', 'deep', '--last', '3'],
  ['verify', '--level', 'drill'],
  ['restore', 'redis', '--dry-run'],
  ['restore', 'redis', '--test'],
  ['prune', '--dry-run'],
  ['prune'],
  ['rekey', '--dry-run'],
  ['audit', 'show'],
  ['audit', 'verify'],
  ['backup', 'redis'],
  ['check', '--repair'],
  ['rekey'],
  ['list'],
];

const hook = pathToFileURL(join(import.meta.dirname, '../../kit/peak-memory.mjs')).href;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis({ password: 'secret' });
  await redis.cli('MSET', 'a', '1', 'b', '2');
}, 60_000);
afterAll(() => redis.stop());

const target = () => redisTarget(redis);

const installed = (): Installation => {
  const installation = install([target()], { redis: { password: 'secret' } });
  const peak = join(installation.folder, 'peak');
  Object.assign(installation.env, { NODE_OPTIONS: `--import ${hook}`, PEAK_MEMORY: peak });
  return installation;
};

interface Took {
  readonly command: string;
  readonly code: number | null;
  readonly seconds: number;
  readonly mebibytes: number;
}

/** Runs a command to its end; what hangs is killed, and has no memory to tell of. */
const runOne = async (
  { cli, folder }: Installation,
  args: readonly string[],
  started: (pid: number) => void = () => {},
): Promise<Took> => {
  const peak = join(folder, 'peak');
  rmSync(peak, { force: true });
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const { code, stderr } = await cli(args, (pid) => {
    started(pid);
    timer = setTimeout(() => process.kill(pid, 'SIGKILL'), hangSeconds * 1000);
  });
  clearTimeout(timer);
  const command = args.join(' ');
  expect([command, code, stderr]).toEqual([
    command,
    expect.any(Number),
    expect.not.stringContaining('defect'),
  ]);
  const bytes = Number(readFileSync(peak, 'utf8'));
  expect([command, bytes < mostBytes ? '' : bytes]).toEqual([command, '']);
  return {
    command,
    code,
    seconds: (performance.now() - begun) / 1000,
    mebibytes: Math.round(bytes / 2 ** 20),
  };
};

/** True when `serve` has read the stores once, or says that it could not. */
const hasRead = async (port: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return answer.ok || (await answer.text()).includes('could not be read');
};

/** `serve` until it has read the stores once, or could not. */
const serveOnce = async (installation: Installation): Promise<Took> => {
  const port = await freePort();
  let stopped: Promise<void> | undefined;
  const took = await runOne(installation, ['serve', '--port', String(port)], (pid) => {
    stopped = until(() => hasRead(port), hangSeconds).then(() => void process.kill(pid, 'SIGTERM'));
  });
  await stopped;
  expect(took.code).toBe(0);
  return took;
};

const runAll = async (installation: Installation): Promise<void> => {
  const took: Took[] = [];
  for (const args of commands) took.push(await runOne(installation, args));
  took.push(await serveOnce(installation));
  if (process.env['ODD_STORES']) console.log(JSON.stringify(took));
};

describe('no command hangs, takes over 300 MiB, or meets a defect of its own', () => {
  const generated = {
    numRuns: count,
    ...(process.env['ODD_STORES'] ? {} : { seed: 20240101 }),
    endOnFailure: true,
  };

  test(
    'on a folder of odd objects',
    async () => {
      await fc.assert(
        fc.asyncProperty(oddStore, async (objects) => {
          const installation = installed();
          plantOdd(installation.backup, objects);
          await runAll(installation);
          await installation.dispose();
        }),
        generated,
      );
    },
    count * 600_000,
  );

  /** Lies about listings and objects, each of them an answer that S3 could give. */
  const manners: Readonly<Record<string, Manner>> = {
    none: () => undefined,
    'the same page for ever': ({ operation }, honest) =>
      operation === 'ListObjectsV2'
        ? {
            ...honest(),
            body: (honest().body as string).replace(
              '<IsTruncated>false</IsTruncated>',
              '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>',
            ),
          }
        : undefined,
    'everything vanishes': ({ operation, key }) =>
      operation === 'GetObject' && key.includes('redis') ? { status: 404 } : undefined,
    'every object is 200 GB': ({ operation }) =>
      operation === 'GetObject'
        ? (response) => {
            response.writeHead(200, { 'content-length': '200000000000', etag: '"x"' });
            const more = (): void => {
              while (!response.destroyed && response.write('x'.repeat(65_536)));
              if (!response.destroyed) response.once('drain', more);
            };
            more();
          }
        : undefined,
    'listings of what nobody stored': ({ operation, query }) =>
      operation === 'ListObjectsV2'
        ? xml(
            'ListBucketResult',
            contents(`${query.get('prefix')}redis_20990101_040000.tar.gz.enc.manifest.json`, 1e15),
          )
        : undefined,
  };

  const serveOdd = async (objects: readonly OddObject[], manner: Manner): Promise<HostileS3> => {
    const server = await startHostileS3(manner);
    for (const { key, what } of objects)
      if (what in oddContents) server.objects.set(`p/${key}`, oddContents[what]!());
    return server;
  };

  test(
    'on an S3 server that lies',
    async () => {
      await fc.assert(
        fc.asyncProperty(oddStore, fc.constantFrom(...Object.keys(manners)), async (objects, name) => {
          const [installation, server] = [installed(), await serveOdd(objects, manners[name]!)];
          const { backup, setPlan, setSecret } = installation;
          for (const key of ['s3-access-key', 's3-secret-key'])
            setSecret('backup-encryption-secret', key, 'a-key-of-no-server');
          const s3 = { base: hostileBase, endpoint: server.endpoint, forcePathStyle: true };
          setPlan(planFor(backup, [target()], { stores: { s3 } }));
          await runAll(installation);
          await server.stop();
          await installation.dispose();
        }),
        generated,
      );
    },
    count * 600_000,
  );
});

test('the names that are planted are those of every kind of object', () => {
  for (const folder of ['redis', 'locks', 'runs', 'audit', 'services', 'recovery', 'verification'])
    expect(lookedAt.some((key) => key.startsWith(`${folder}/`))).toBe(true);
});
