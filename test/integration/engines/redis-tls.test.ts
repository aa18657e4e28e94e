import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { RedisConnection } from '../../../runtime/src/engines/redis/connection.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import type { Tls } from '../../../runtime/src/engines/tls.ts';
import { replay, save } from '../../conformance/engines/saved.ts';
import { makeCertificates, type Certificates, type Pair } from '../../kit/certificates.ts';
import { freePort } from '../../kit/private-server.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun, type TestRun } from '../../kit/run.ts';

let certificates: Certificates;
let run: TestRun;
let server: TestRedis;
let tlsPort: number;
let both: Pair;
let clientOnly: Pair;
const warnings: string[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
  both = await certificates.issue('both', { names: 'DNS:redis.test' });
  clientOnly = await certificates.issue('client-only', { names: 'DNS:backup.test', usage: 'clientAuth' });
  const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(line) });
  run = testRun({ log });
});

afterAll(async () => {
  await run.dispose();
  await certificates.dispose();
});

beforeEach(async () => {
  tlsPort = await freePort();
  server = await startRedis({
    settings: {
      'tls-port': `${tlsPort}`,
      'tls-cert-file': both.certificate,
      'tls-key-file': both.key,
      'tls-ca-cert-file': certificates.caFile('trusted'),
      'tls-auth-clients': 'optional',
      'tls-replication': 'yes',
    },
  });
  await server.cli('SET', 'smoker', 'brisket');
  warnings.length = 0;
});

afterEach(() => server.stop());

const sourceWith = (client?: Pair): Source<RedisConnection> => {
  const tls: Tls = {
    verify: 'ca',
    caFile: certificates.caFile('trusted'),
    ...(client && { client: { certificateFile: client.certificate, keyFile: client.key } }),
  };
  return { name: 'redis', connection: { host: server.host, port: tlsPort }, credentials: {}, tls };
};

const replace = async (source: Source<RedisConnection>) => {
  const saved = await save(redis.dump(run, source));
  await server.cli('SET', 'smoker', 'ruined');
  return redis.restore(run, source, replay(saved), {
    ...{ mode: 'replace', suffix: 'tls', expected: saved.fingerprint, server: saved.server },
  });
};

const settings = async (): Promise<string> => server.cli('CONFIG', 'GET', 'master*', 'tls-replication');

test('the restore serves a server that replicates over TLS only, and shows it the client certificate', async () => {
  const before = await settings();
  await replace(sourceWith(both));
  expect(await server.cli('GET', 'smoker')).toBe('brisket');
  expect(await settings()).toBe(before);
  expect(await server.cli('ROLE')).toMatch(/^master/);
  expect(warnings).toEqual([]);
});

test('without a certificate to show it is refused before anything changed', async () => {
  await expect(replace(sourceWith())).rejects.toMatchObject({
    code: 'restore.refused',
    message:
      'the server replicates over TLS only, and connection.tls.client names no certificate for the restore to present',
  });
  expect(await server.cli('GET', 'smoker')).toBe('ruined');
});

test('a certificate that is not one for servers is named as the cause, and the server is free again', async () => {
  await expect(replace(sourceWith(clientOnly))).rejects.toMatchObject({
    code: 'restore.failed',
    message: expect.stringMatching(
      /does not take the certificate of connection\.tls\.client as that of a server/,
    ),
  });
  expect(await server.cli('GET', 'smoker')).toBe('ruined');
  expect(await server.cli('ROLE')).toMatch(/^master/);
});

test('a server that replicates without TLS is restored, with a warning', async () => {
  await server.cli('CONFIG', 'SET', 'tls-replication', 'no');
  await replace(sourceWith());
  expect(await server.cli('GET', 'smoker')).toBe('brisket');
  expect(warnings.join()).toMatch(/fetches the data without TLS, as its tls-replication is off/);
});
