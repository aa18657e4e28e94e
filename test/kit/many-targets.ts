import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { find, type Cluster, type Manifest } from '../../demo/pod/cluster.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { Crc64 } from '../../runtime/src/engines/redis/crc64.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import { planOf } from '../../src/environment/environment.ts';
import { testApp } from './app.ts';
import { environmentOf, environmentWith, objectsOf } from './environments.ts';
import { passphrase } from './installation.ts';
import { removeFolder, workFolder } from './private-server.ts';
import { entriesOf } from './streams.ts';

const dev = environmentOf('dev');
const redis = dev.targets.find(({ engine }) => engine === 'redis')!;

const targetNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, place) => `target-${String(place).padStart(4, '0')}`);

/** What dev would be with so many databases, verified by so many pods. */
const environmentOfMany = (count: number, parallelism: number) =>
  environmentWith('dev', {
    targets: targetNames(count).map((name) => ({ ...redis, name })),
    verification: { ...dev.verification, parallelism },
  });

const keyBytes = 12;

/** A dump of Redis with values that do not compress: header, database 0, strings, checksum. */
const rdbOf = (keys: number, valueBytes: number, random: (length: number) => Buffer): Buffer => {
  const length = Buffer.from([0x40 | (valueBytes >> 8), valueBytes & 0xff]);
  const records = Array.from({ length: keys }, (_, number) => [
    Buffer.from([0, keyBytes]),
    Buffer.from(String(number).padStart(keyBytes, '0')),
    length,
    random(valueBytes),
  ]).flat();
  const body = Buffer.concat([
    Buffer.from('REDIS0009'),
    Buffer.from([0xfe, 0]),
    ...records,
    Buffer.from([0xff]),
  ]);
  const crc = new Crc64();
  crc.update(body);
  const checksum = Buffer.alloc(8);
  checksum.writeBigUInt64LE(crc.value);
  return Buffer.concat([body, checksum]);
};

/** Archives made at once. */
const batch = 8;

/** One archive of each target, without a server. */
const backUpAll = async (app: App, kibibytes: number): Promise<void> => {
  const valueBytes = 1024;
  const rdb = rdbOf(kibibytes, valueBytes, app.run.randomBytes);
  const dump = () => ({
    server: { product: 'Redis', version: '7.0.15', tools: {} },
    entries: entriesOf({ 'dump.rdb': rdb }),
    fingerprint: () => Promise.resolve({ 'db0 string': { keys: kibibytes } }),
    close: () => Promise.resolve(),
  });
  const left = [...app.plan.targets];
  const work = async () => {
    for (let target = left.shift(); target; target = left.shift())
      await writeArchive(app, target, dump(), 'daily');
  };
  await Promise.all(Array.from({ length: batch }, work));
};

/** Many targets with an archive each, and the pods that verify them. */
export interface ManyTargets {
  readonly targets: readonly string[];
  /** The folder that pods have at /backup. */
  readonly backup: string;
  /** The manifests by which so many pods verify the targets. */
  readonly withPods: (parallelism: number) => { readonly cluster: Cluster; readonly cronJob: Manifest };
  /** Gives all that was made to the user of the pods. */
  readonly giveTo: (userId: number) => void;
  readonly remove: () => Promise<void>;
}

/** @param kibibytes of each archive */
export const makeManyTargets = async (count: number, kibibytes: number): Promise<ManyTargets> => {
  const folder = workFolder('many');
  chmodSync(folder, 0o755);
  const backup = join(folder, 'backup');
  await mkdir(backup);
  const { targets, environment } = planOf(environmentOfMany(count, 1));
  const stores = { primary: directoryStore({ path: backup }), replicas: [] };
  await backUpAll(testApp({ stores, targets, plan: { environment } }), kibibytes);
  return {
    targets: targetNames(count),
    backup,
    withPods: (parallelism) => {
      const manifests = objectsOf(environmentOfMany(count, parallelism));
      const secrets = { 'backup-encryption-secret': { 'encryption-key': passphrase } };
      const cluster = { folder, manifests, secrets, services: {} };
      return { cluster, cronJob: find(cluster, 'CronJob', names.verification) };
    },
    giveTo: (userId) => {
      if (process.getuid?.() === 0) spawnSync('chown', ['-R', `${userId}:${userId}`, backup]);
    },
    remove: () => removeFolder(folder),
  };
};
