import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { directoryConfig, openStores, s3Base, s3Config } from '../../../runtime/src/store/registry.ts';
import { testRun, type TestRun } from '../../kit/run.ts';

const directory = directoryConfig.parse({});
const s3 = s3Config.parse({ base: 's3://grill-stats-backups/prod' });
const asked: string[] = [];
let run: TestRun;

beforeAll(() => {
  run = testRun({ readSecret: async (secret, key) => asked[asked.push(`${secret}/${key}`) - 1]! });
});
afterAll(() => run.dispose());

describe('stores of a plan', () => {
  test('are a directory first, with S3 as its replica', async () => {
    const { primary, replicas } = await openStores(run, { directory, s3 }, 'my-secret');
    expect([primary, ...replicas].map(({ kind, location }) => `${kind} ${location}`)).toEqual([
      'directory /backup',
      's3 s3://grill-stats-backups/prod',
    ]);
    expect(asked).toEqual(['my-secret/s3-access-key', 'my-secret/s3-secret-key']);
  });

  test('are S3 alone where there is no directory', async () => {
    const { primary, replicas } = await openStores(run, { s3 }, 'my-secret');
    expect([primary.kind, replicas]).toEqual(['s3', []]);
  });

  test('leave S3 out where it is not synchronized, and read no key for it', async () => {
    asked.length = 0;
    const { primary, replicas } = await openStores(
      run,
      { directory, s3: { ...s3, sync: false } },
      'my-secret',
    );
    expect([primary.kind, replicas, asked]).toEqual(['directory', [], []]);
  });

  test('read no key for the default chain', async () => {
    asked.length = 0;
    await openStores(run, { s3: { ...s3, credentials: 'default-chain' } }, 'my-secret');
    expect(asked).toEqual([]);
  });

  test.each(['s3://bucket', 's3://bucket/', 's3://my.bucket-1/a/b'])('may be at %s', (base) => {
    expect(s3Base.safeParse(base).success).toBe(true);
  });

  test.each(['bucket', 'https://bucket', 's3://', 's3://Bucket', 's3://b', 's3://bucket/a b'])(
    'may not be at %s',
    (base) => {
      expect(s3Base.safeParse(base).error?.issues[0]?.message).toBe(
        'expected s3://bucket or s3://bucket/prefix',
      );
    },
  );
});
