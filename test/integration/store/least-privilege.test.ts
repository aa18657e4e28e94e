import { createHash, randomBytes } from 'node:crypto';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import { s3Limits } from '../../../runtime/src/store/s3-client.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { document, type PolicyDocument, type Statement } from '../../../src/aws/document.ts';
import { placeholder } from '../../../src/aws/resource.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { documentOf, withAccessKey } from '../../kit/aws.ts';
import { environmentWith } from '../../kit/environments.ts';
import { listed } from '../../kit/objects.ts';
import { startS3, type S3Server } from '../../kit/s3.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const bucket = 'archives';
const user = 'backup';
const [accessKey, secretKey] = [randomBytes(10).toString('hex'), randomBytes(20).toString('hex')];
const principal = `arn:aws:iam:::user/${user}`;

const environment = ((): Environment => {
  const { aws, stores } = withAccessKey();
  return environmentWith('prod', {
    aws,
    stores: { ...stores, s3: { ...stores.s3!, base: `s3://${bucket}/deep` } },
  });
})();

/** Ceph 16 takes no policy that names it. */
const unknownToCeph = 's3:PutEncryptionConfiguration';

/** Policies as Ceph has them: ARNs without an account, and no KMS. */
const cephs = (policy: PolicyDocument): readonly Statement[] =>
  (
    JSON.parse(
      JSON.stringify(policy).replaceAll(placeholder, (_, kind) =>
        kind === 'Bucket' ? `arn:aws:s3:::${bucket}` : principal,
      ),
    ) as PolicyDocument
  ).Statement.map((statement) => ({ ...statement, Action: [statement.Action].flat() }))
    .filter(({ Action }) => Action[0]!.startsWith('s3:'))
    .map((statement) => ({
      ...statement,
      Action: statement.Action.filter((action) => action !== unknownToCeph),
    }));

/** What Pulumi allows the user by its own policy, as a policy of the bucket. */
const allowed = cephs(documentOf(environment, 'UserPolicy', 'backup')).map((statement) => ({
  ...statement,
  Principal: { AWS: principal },
}));

let server: S3Server;
let owner: S3Client;
let guest: S3Client;
/** The user's store, over plain HTTP and over TLS. */
let plain: Store;
let secure: Store;

const clientOf = (keys: { readonly accessKey: string; readonly secretKey: string }) =>
  new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey },
  });

const apply = async (statements: readonly Statement[]): Promise<void> => {
  const Policy = JSON.stringify(document(...statements));
  await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
};

const storeAt = (endpoint: string): Promise<Store> => {
  const config = s3Config.parse({
    base: `s3://${bucket}/deep`,
    endpoint,
    caFile: server.caFile,
    forcePathStyle: true,
    checksums: 'when-supported',
  });
  return s3Store(config, { accessKey, secretKey }, { ...s3Limits, copyPartBytes: 5 << 20 });
};

beforeAll(async () => {
  server = await startS3();
  await server.createBucket(bucket, 1);
  const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`];
  await server.admin('user', 'create', `--uid=${user}`, `--display-name=${user}`, ...keys);
  owner = clientOf(server);
  guest = clientOf({ accessKey, secretKey });
  plain = await storeAt(server.endpoint);
  secure = await storeAt(server.tlsEndpoint);
}, 90_000);
afterAll(async () => {
  owner.destroy();
  guest.destroy();
  await server.stop();
});

const large = randomBytes(9 << 20);
const sha256 = createHash('sha256').update(large).digest('hex');
let runs = 0;

/** In whole seconds, as locks are told. */
const inDays = (days: number): Date => new Date(Math.floor((Date.now() + days * dayMs) / 1000) * 1000);

/** Everything a store can do, each as the backup program does it. */
const everything = async (store: Store): Promise<void> => {
  const folder = `redis${++runs}`;
  await store.put(`${folder}/small`, streamOf('one'));
  await store.put(`${folder}/large`, streamOf(large));
  expect((await collect(store.get(`${folder}/large`))).equals(large)).toBe(true);
  expect((await store.head(`${folder}/small`))?.lockedUntil).toBeInstanceOf(Date);
  await store.copy(`${folder}/small`, `${folder}/weekly/small`);
  await store.copy(`${folder}/large`, `${folder}/weekly/large`);
  await store.point(`${folder}/latest_backup`, `${folder}/small`);
  expect(await store.resolve(`${folder}/latest_backup`)).toBe(`${folder}/small`);
  expect(await listed(store, folder)).toHaveLength(4);
  expect(await store.head(`${folder}/absent`)).toBeUndefined();
  await store.remove(`${folder}/absent`);
  const begin = (key: string) =>
    guest.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: `deep/${folder}/${key}` }));
  await begin('continued');
  await store.put(`${folder}/continued`, streamOf(large), { sha256 });
  await begin('left');
  expect(await store.removeLeftovers(new Date(Date.now() + 60_000))).toBeGreaterThan(0);
  expect(await store.versions!.areKept()).toBe(true);
  expect(await store.versions!.expire()).toBe(false);
  const part = `parts/${folder}`;
  await store.put(part, streamOf('of several archives'));
  const until = inDays(2);
  await store.prolong(part, until);
  expect((await store.head(part))?.lockedUntil).toEqual(until);
  const versions = await Array.fromAsync(store.versions!.list(`${folder}/small`));
  expect((await collect(store.versions!.get(versions[0]!))).toString()).toBe('one');
};

/** Of an object or upload, Ceph allows these to who wrote it; AWS does not where the bucket owns it. */
const ofWriters = [
  's3:GetObject',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectVersion',
  's3:ListMultipartUploadParts',
  's3:PutObjectRetention',
];

describe('the policy of the backup user, on a real server', () => {
  test('allows all that a store does', async () => {
    await apply(allowed);
    await everything(plain);
  });

  const actions = allowed.flatMap(({ Action }) => Action).filter((action) => !ofWriters.includes(action));

  test.each(actions)('needs %s', async (action) => {
    await apply(
      allowed.map((statement) => ({
        ...statement,
        Action: [statement.Action].flat().filter((one) => one !== action),
      })),
    );
    await expect(everything(plain)).rejects.toThrow('was refused');
  });

  test('needs s3:GetObject for what somebody else wrote', async () => {
    await owner.send(new PutObjectCommand({ Bucket: bucket, Key: 'deep/redis/other', Body: 'other' }));
    await apply(allowed);
    expect((await collect(plain.get('redis/other'))).toString()).toBe('other');
    await apply(allowed.filter(({ Sid }) => Sid === 'List'));
    await expect(collect(plain.get('redis/other'))).rejects.toThrow('was refused');
  });

  test('allows nothing outside the prefix', async () => {
    await apply(allowed);
    const put = guest.send(new PutObjectCommand({ Bucket: bucket, Key: 'deep2/a', Body: 'a' }));
    await expect(put).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the policy of the bucket, on a real server', () => {
  const statements = cephs(documentOf(environment, 'BucketPolicy', 'archives'));
  const named = (...sids: readonly string[]) => statements.filter(({ Sid }) => sids.includes(Sid));
  const unlimited: Statement = {
    Sid: 'Everything',
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  };

  test('lets a store work over TLS', async () => {
    // Ceph has no accounts, so ThisAccountOnly would deny everything
    await apply([
      ...allowed,
      ...named(
        'TlsOnly',
        'ModernTlsOnly',
        'KmsOnly',
        'OwnKeyOnly',
        'BackupsDestroyNothing',
        'BackupsProlongParts',
      ),
    ]);
    await everything(secure);
  });

  test('keeps a user who may do everything from what destroys', async () => {
    await apply([unlimited]);
    await plain.put('redis/kept', streamOf('one'));
    const at = { Bucket: bucket, Key: 'deep/redis/kept' };
    const { Versions } = await owner.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: at.Key }));
    const VersionId = Versions![0]!.VersionId;
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 9e7) } as const;
    const requests = () => [
      guest.send(new PutObjectRetentionCommand({ ...at, VersionId, Retention })),
      guest.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: bucket,
          LifecycleConfiguration: {
            Rules: [{ ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }],
          },
        }),
      ),
      guest.send(
        new PutBucketVersioningCommand({
          Bucket: bucket,
          VersioningConfiguration: { Status: 'Enabled' },
        }),
      ),
    ];
    await Promise.all(requests());

    await apply([unlimited, ...named('BackupsDestroyNothing', 'BackupsProlongParts')]); // Ceph 16 knows no conditions of locks
    const removal = guest.send(
      new DeleteObjectCommand({ ...at, VersionId, BypassGovernanceRetention: true }),
    );
    for (const refused of [
      removal,
      ...requests(),
      guest.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(document(unlimited)) })),
    ])
      await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });
    await plain.put('redis/another', streamOf('two'));
  });
});
