import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import type { Pair } from '../../kit/certificates.ts';
import { binDir } from '../../kit/postgresql.ts';
import { freePort } from '../../kit/private-server.ts';
import { until } from '../../kit/until.ts';

/** TLS of a running server, which asks for a client certificate of the CA. */
export interface SecureServer {
  /** What of the plan's `connection` leads to its TLS port. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** From now on the server shows this certificate. */
  readonly show: (pair: Pair) => Promise<unknown>;
  /** What leads to a port, from now on, that speaks no TLS. */
  readonly plain: () => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => void;
}

type Secure = (source: Source, pair: Pair, clientCa: string) => Promise<SecureServer>;

const secureRedis: Secure = async ({ connection, credentials }, pair, clientCa) => {
  const { host, port } = connection as { host: string; port: number };
  const set = (...settings: readonly string[]): Promise<string> =>
    captureText('redis-cli', ['-h', host, '-p', `${port}`, '-e', 'CONFIG', 'SET', ...settings], {
      env: { REDISCLI_AUTH: credentials.password! },
    });
  const files = ({ certificate, key }: Pair) => ['tls-cert-file', certificate, 'tls-key-file', key];
  const tlsPort = await freePort();
  await set(...files(pair), 'tls-ca-cert-file', clientCa, 'tls-port', `${tlsPort}`, 'tls-replication', 'yes');
  return {
    connection: { port: tlsPort },
    show: (next) => set(...files(next)),
    plain: async () => ({ port }),
    close: () => {},
  };
};

const securePostgresql: Secure = async ({ connection, credentials }, pair, clientCa) => {
  const { host, port } = connection as { host: string; port: number };
  const psql = (sql: string): Promise<string> =>
    captureText(
      join(binDir, 'psql'),
      ['-h', host, '-p', `${port}`, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
      {
        env: {
          PGUSER: credentials.username!,
          PGPASSWORD: credentials.password!,
          PGDATABASE: 'postgres',
          PGSSLMODE: 'disable',
        },
        input: sql,
      },
    );
  const certificates = ({ certificate, key }: Pair): string =>
    `ALTER SYSTEM SET ssl_cert_file = '${certificate}'; ALTER SYSTEM SET ssl_key_file = '${key}';`;
  const rules = await psql('SHOW hba_file');
  const asks = 'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca';
  await psql(`\\setenv RULES '${rules}'
    \\! sed -i '1i ${asks}' "$RULES"
    ${certificates(pair)} ALTER SYSTEM SET ssl_ca_file = '${clientCa}'; ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf()`);
  await until(async () => (await psql('SHOW ssl')) === 'on');
  return {
    connection: {},
    show: (next) =>
      psql(`${certificates(next)} SELECT pg_reload_conf()`).then(() =>
        until(async () => (await psql('SHOW ssl_cert_file')) === next.certificate),
      ),
    plain: async () => {
      await psql('ALTER SYSTEM SET ssl = off; SELECT pg_reload_conf()');
      await until(async () => (await psql('SHOW ssl')) === 'off');
      return {};
    },
    close: () => {},
  };
};

const prefix = '/metrics/influxdb';

const options = ({ certificate, key }: Pair) => ({ cert: readFileSync(certificate), key: readFileSync(key) });

/** Passes what is below the prefix on, and answers 404 to all else. */
const proxyTo = (host: string, port: number, pair: Pair, clientCa: string): Server =>
  createServer(
    { ...options(pair), ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true },
    (incoming, response) => {
      const { method, url = '', headers } = incoming;
      if (!url.startsWith(`${prefix}/`)) return void response.writeHead(404).end('no such path');
      const path = url.slice(prefix.length);
      const passed = request({ host, port, method: method!, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(passed);
    },
  );

const secureInfluxdb: Secure = async ({ connection }, pair, clientCa) => {
  const { host, port, rpcPort } = connection as { host: string; port: number; rpcPort: number };
  const proxy = proxyTo(host, port, pair, clientCa).listen(0, host);
  await once(proxy, 'listening');
  return {
    connection: { port: (proxy.address() as AddressInfo).port, path: prefix, rpcPort },
    show: async (next) => proxy.setSecureContext({ ...options(next), ca: readFileSync(clientCa) }),
    plain: async () => ({ port }),
    close: () => void proxy.close(),
  };
};

/** How a running server of each engine gets TLS; InfluxDB, which asks for no client certificate, by a proxy before it. */
export const secure: Readonly<Record<string, Secure>> = {
  redis: secureRedis,
  postgresql: securePostgresql,
  influxdb: secureInfluxdb,
};
