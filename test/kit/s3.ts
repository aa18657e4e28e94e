import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import {
  freePort,
  removeFolder,
  startServer,
  unprivileged,
  workFolder,
  type PrivateServer,
} from './private-server.ts';
import { cephConfig, type CephPlaces } from './s3-config.ts';

/** A private S3 server: Ceph's gateway from Debian's ceph-mon, ceph-osd and radosgw, all data in memory. */
export interface S3Server {
  readonly endpoint: string;
  /** The same over TLS, with a certificate of the CA in `caFile`. */
  readonly tlsEndpoint: string;
  readonly caFile: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** @param lockDays makes a bucket with Object Lock that keeps every version for so long, against its owner as well */
  readonly createBucket: (name: string, lockDays?: number) => Promise<void>;
  /** Runs `radosgw-admin`, for instance to set a quota. */
  readonly admin: (...args: string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const region = 'us-east-1';

/** A client for what the product never asks: parts under way, versions, holds. */
export const s3ClientOf = ({
  endpoint,
  accessKey,
  secretKey,
}: Pick<S3Server, 'endpoint' | 'accessKey' | 'secretKey'>): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });

type Tool = (program: string, ...args: readonly string[]) => Promise<string>;

/** Runs programs as the non-root user, on the cluster of a folder. */
const toolIn = (folder: string): Tool => {
  const env = { ...process.env, HOME: folder, CEPH_CONF: join(folder, 'ceph.conf'), CEPH_ARGS: '' };
  return async (program, ...args) =>
    (await promisify(execFile)(program, args, { ...unprivileged, cwd: folder, env, timeout: 60_000 })).stdout;
};

const makeCertificates = async (tool: Tool): Promise<void> => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await tool(
    'openssl',
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=test CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await tool(
    'openssl',
    'req',
    '-x509',
    ...key,
    ...issuer,
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    'tls.key',
    '-out',
    'tls.pem',
  );
};

const makeKeyring = async (tool: Tool): Promise<void> => {
  const allow = (service: string, what: string) => ['--cap', service, `allow ${what}`];
  const add = (name: string, ...caps: readonly string[]) =>
    tool('ceph-authtool', 'keyring', '--gen-key', '-n', name, ...caps);
  await tool('ceph-authtool', '--create-keyring', 'keyring', '--gen-key', '-n', 'mon.', ...allow('mon', '*'));
  await add('client.admin', ...allow('mon', '*'), ...allow('osd', '*'));
  await add('client.rgw', ...allow('mon', 'rwx'), ...allow('osd', 'rwx'));
};

const daemon = (folder: string, ready: () => Promise<unknown>, program: string, ...args: readonly string[]) =>
  startServer({
    program,
    args: [...args, '-f', '-c', join(folder, 'ceph.conf')],
    cwd: folder,
    ready,
    env: { HOME: folder },
    stopSignal: 'SIGKILL', // all state is thrown away, so an orderly end would only take time
  });

const startMonitor = async (
  folder: string,
  tool: Tool,
  port: number,
  fsid: string,
): Promise<PrivateServer> => {
  await tool('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${port}]`, 'monmap');
  await tool('ceph-mon', '-i', 'a', '--mkfs', '--monmap', 'monmap', '--keyring', 'keyring');
  return daemon(folder, () => tool('timeout', '5', 'ceph', '-s'), 'ceph-mon', '-i', 'a');
};

const startOsd = async (folder: string, tool: Tool): Promise<PrivateServer> => {
  const [id, key] = [randomUUID(), (await tool('ceph-authtool', '--gen-print-key')).trim()];
  await tool('mkdir', 'osd');
  await tool('ceph-authtool', '--create-keyring', 'osd/keyring', '--name', 'osd.0', '--add-key', key);
  await writeFile(join(folder, 'osd.json'), JSON.stringify({ cephx_secret: key }));
  await tool('ceph', 'osd', 'new', id, '-i', 'osd.json');
  await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', id);
  const up = async () => {
    if (!(await tool('ceph', 'osd', 'stat')).includes('1 up')) throw new Error('the osd is not up');
  };
  return daemon(folder, up, 'ceph-osd', '-i', '0');
};

const startGateway = (folder: string, port: number): Promise<PrivateServer> => {
  const answers = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect').finally(() => socket.destroy());
  };
  return daemon(folder, answers, 'radosgw', '-n', 'client.rgw');
};

const stopAll = async (servers: readonly PrivateServer[], folder: string): Promise<void> => {
  for (const server of servers.toReversed()) await server.stop();
  await removeFolder(folder);
};

/** Starts the daemons in order; those that run are in `servers`, also when a later one fails. */
const startCluster = async (places: CephPlaces, tool: Tool, servers: PrivateServer[]): Promise<void> => {
  const { folder, monitorPort, httpPort } = places;
  const fsid = randomUUID();
  await writeFile(join(folder, 'ceph.conf'), cephConfig(places, fsid));
  await makeKeyring(tool);
  await makeCertificates(tool);
  servers.push(await startMonitor(folder, tool, monitorPort, fsid));
  servers.push(await startOsd(folder, tool));
  servers.push(await startGateway(folder, httpPort));
};

const bucketMaker =
  (endpoint: string, accessKey: string, secretKey: string) => async (name: string, lockDays?: number) => {
    const client = s3ClientOf({ endpoint, accessKey, secretKey });
    await client.send(
      new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: lockDays !== undefined }),
    );
    if (lockDays !== undefined) {
      const DefaultRetention = { Mode: 'COMPLIANCE', Days: lockDays } as const;
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const;
      await client.send(new PutObjectLockConfigurationCommand({ Bucket: name, ObjectLockConfiguration }));
    }
    client.destroy();
  };

/** Starts a private S3 server on free loopback ports, as a non-root user. Takes about 13 s. */
export const startS3 = async (): Promise<S3Server> => {
  const folder = workFolder('s3');
  const tool = toolIn(folder);
  const servers: PrivateServer[] = [];
  const places = {
    folder,
    monitorPort: await freePort(),
    httpPort: await freePort(),
    httpsPort: await freePort(),
  };
  const [accessKey, secretKey] = [
    randomBytes(10).toString('hex').toUpperCase(),
    randomBytes(20).toString('hex'),
  ];
  const admin = async (...args: string[]) => void (await tool('radosgw-admin', '-n', 'client.rgw', ...args));
  try {
    await startCluster(places, tool, servers);
    await admin(
      'user',
      'create',
      '--uid=test',
      '--display-name=test',
      `--access-key=${accessKey}`,
      `--secret-key=${secretKey}`,
    );
  } catch (error) {
    await stopAll(servers, folder);
    throw error;
  }
  const endpoint = `http://127.0.0.1:${places.httpPort}`;
  return {
    endpoint,
    tlsEndpoint: `https://127.0.0.1:${places.httpsPort}`,
    caFile: join(folder, 'ca.pem'),
    region,
    accessKey,
    secretKey,
    createBucket: bucketMaker(endpoint, accessKey, secretKey),
    admin,
    stop: () => stopAll(servers, folder),
  };
};
