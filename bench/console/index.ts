import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secrets, verificationKeys } from '../../runtime/src/contract/secrets.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { openKey } from '../../runtime/src/crypto/key-ring.ts';
import { keepIndexes } from '../../runtime/src/health/keep-index.ts';
import { removeFolder } from '../../test/kit/private-server.ts';
import { openBed, targetsOf } from '../catalogue/bed.ts';
import { writeCatalogue, type CatalogueSize } from '../catalogue/generate.ts';
import { makePlanFolder, passphrase, type PlanFolder } from '../harness/plan-folder.ts';
import { race } from '../harness/race.ts';
import type { Suite } from '../harness/suite.ts';
import { bucket, gateways, type Gateway } from '../s3/gateways.ts';

/** Objects that are sent at a time. */
const together = 48;

const { s3AccessKey, s3SecretKey } = secrets.encryption.keys;

const makeFolder = (size: CatalogueSize, { endpoint, env }: Gateway): PlanFolder => {
  const account = { [s3AccessKey]: env['AWS_ACCESS_KEY_ID'] ?? '', [s3SecretKey]: env['AWS_SECRET_ACCESS_KEY'] ?? '' };
  const s3 = { base: `s3://${bucket}/console`, endpoint, forcePathStyle: true, region: 'us-east-1' };
  return makePlanFolder(targetsOf(size), { encryption: account }, { stores: { s3 } });
}; // prettier-ignore

/** Archives, records and indexes of a plan whose only store is S3, and the keys that prove them. */
const makeBed = async (size: CatalogueSize, gateway: Gateway): Promise<PlanFolder> => {
  const place = makeFolder(size, gateway);
  const app = await openBed(place.env);
  const { primary } = app.stores;
  const put = (key: string, body: () => AsyncIterable<Buffer>) => primary.put(key, body());
  await writeCatalogue({ put }, size, [openKey('primary', passphrase)], together);
  const left = app.plan.targets.map(({ name }) => name);
  const index = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await keepIndexes(app, name);
  };
  await Promise.all(Array.from({ length: together }, index));
  const keys = join(place.folder, 'secrets', verificationKeys.name);
  mkdirSync(keys);
  execFileSync('grill-backup', ['verification-keys', join(keys, verificationKeys.file)], { env: place.env });
  return place;
};

/** The console of a pod, over S3: how long its pages take from a warm state, what a reading asks for, and what it holds. */
export const console: Suite = {
  name: 'console',
  flags: {
    targets: { type: 'string', default: '1000' },
    /** Of each target. */
    archives: { type: 'string', default: '60' },
    /** Records of runs of each target; the program keeps 100. */
    runs: { type: 'string', default: '100' },
  },
  run: async (rounds, { targets, archives, runs }) => {
    const size = { targets: Number(targets), archives: Number(archives), runs: Number(runs) };
    const [start] = gateways();
    const gateway = await mustExist(start, 'gateway')();
    const place = await makeBed(size, gateway).catch((error: unknown) => gateway.stop().then(() => Promise.reject(error as Error)));
    try {
      const file = join(place.folder, 'figures');
      const argv = ['node', join(import.meta.dirname, 'look.ts'), gateway.endpoint, file];
      const figures = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
      const contenders = [{ name: 'grill-backup console', argv, env: place.env, figures }];
      const subject = `${targets} targets with ${archives} archives and ${runs} records of runs each, on S3 (${gateway.name})`;
      return { subject, races: [await race({ title: 'console', contenders, rounds })] };
    } finally {
      await gateway.stop();
      await removeFolder(place.folder);
    }
  },
}; // prettier-ignore
