import { randomBytes } from 'node:crypto';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { s3ClientOf, startS3, type S3Server } from '../../kit/s3.ts';
import type { StoreFixture } from './fixture.ts';

const bucket = 'conformance';

const prefixOf = ({ location }: Store): string => location.slice(`s3://${bucket}/`.length);

const open = (server: S3Server): Promise<Store> => {
  const base = `s3://${bucket}/${randomBytes(6).toString('hex')}`;
  return s3Store(s3Config.parse({ base, endpoint: server.endpoint, forcePathStyle: true }), server);
};

const leftovers = async (client: S3Client, store: Store): Promise<string[]> => {
  const { Uploads } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefixOf(store) }),
  );
  return (Uploads ?? []).map(({ Key }) => Key ?? '');
};

const leave = async (client: S3Client, store: Store, key: string): Promise<void> => {
  const target = { Bucket: bucket, Key: `${prefixOf(store)}/${key}` };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  await client.send(
    new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.from('cut sho') }),
  );
};

export const startS3Fixture = async (): Promise<StoreFixture> => {
  const server = await startS3();
  const client = s3ClientOf(server);
  await server.createBucket(bucket);
  return {
    open: () => open(server),
    leftovers: (store) => leftovers(client, store),
    leave: (store, key) => leave(client, store, key),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
};
