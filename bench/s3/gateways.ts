import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { freePort, removeFolder, startServer, workFolder } from '../../test/kit/private-server.ts';
import { s3ClientOf, startS3 } from '../../test/kit/s3.ts';

/** An S3 server with an empty bucket. */
export interface Gateway {
  readonly name: string;
  readonly endpoint: string;
  readonly caFile?: string;
  /** Keys, region and CA as the AWS CLI reads them, and checksums as ours are by default; older gateways refuse others. */
  readonly env: Readonly<Record<string, string>>;
  /** Gives back the room of what was removed or written over. */
  readonly sweep: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export const bucket = 'bench';
const region = 'us-east-1';

const envOf = (accessKey: string, secretKey: string, caFile?: string): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_DEFAULT_REGION: region,
  AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'when_required',
  ...(caFile && { AWS_CA_BUNDLE: caFile }),
});

/** Ceph's gateway, its data in memory. */
const startCeph = async (tls: boolean): Promise<Gateway> => {
  const { endpoint, tlsEndpoint, caFile, accessKey, secretKey, createBucket, admin, stop } = await startS3();
  await createBucket(bucket);
  const sweep = () => admin('gc', 'process', '--include-all');
  return tls
    ? {
        name: 'Ceph over TLS',
        endpoint: tlsEndpoint,
        caFile,
        env: envOf(accessKey, secretKey, caFile),
        sweep,
        stop,
      }
    : { name: 'Ceph', endpoint, env: envOf(accessKey, secretKey), sweep, stop };
};

/** Versity's gateway on a folder. */
const startVersity = async (program: string): Promise<Gateway> => {
  const [port, accessKey, secretKey] = [await freePort(), 'BENCH', 'secret-key-of-the-bench'];
  const endpoint = `http://127.0.0.1:${port}`;
  const address = ['--port', `127.0.0.1:${port}`, '--access', accessKey, '--secret', secretKey];
  const folder = workFolder('versity');
  const server = await startServer({
    program,
    args: [...address, '--quiet', 'posix', folder],
    ready: () => fetch(endpoint),
  });
  const client = s3ClientOf({ endpoint, accessKey, secretKey });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const stop = () => server.stop().then(() => removeFolder(folder));
  const sweep = () => Promise.resolve();
  return { name: 'versitygw', endpoint, env: envOf(accessKey, secretKey), sweep, stop };
};

/** Those that this machine has: $VERSITYGW names a program. */
export const gateways = (): readonly (() => Promise<Gateway>)[] => {
  const { VERSITYGW: program } = process.env;
  const versity = program === undefined ? [] : [() => startVersity(program)];
  return [() => startCeph(false), () => startCeph(true), ...versity];
};
