import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { captureText } from './capture.ts';
import type { Pair } from './certificates.ts';
import { freePort, removeFolder, startServer, workFolder, type PrivateServer } from './private-server.ts';

const host = '127.0.0.1';

export interface InfluxdbOptions {
  /** Data folder, kept when the server stops. @default a new one, removed at the end */
  readonly data?: string;
}

export interface Influxdb1Options extends InfluxdbOptions {
  /** Creates this administrator and asks for it. @default no authentication, as Debian's default */
  readonly admin?: { readonly username: string; readonly password: string };
  /** Certificate of an HTTP API over TLS; `query` and `write` then cannot be used. @default plain HTTP */
  readonly https?: Pair;
  /** More settings, as variables of `influxd`. @default none */
  readonly settings?: Readonly<Record<string, string>>;
}

/** One series of an answer of 1.x to InfluxQL. */
export interface Influxdb1Series {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

export interface TestInfluxdb1 extends PrivateServer {
  readonly generation: 1;
  readonly host: string;
  readonly port: number;
  /** Port that `influxd backup` and `restore` talk to. */
  readonly rpcPort: number;
  /** Runs InfluxQL statements; all series of all answers in order, times in nanoseconds. */
  readonly query: (influxql: string, database?: string) => Promise<readonly Influxdb1Series[]>;
  /** Writes line protocol. @default retentionPolicy - the database's default one */
  readonly write: (database: string, lines: string, retentionPolicy?: string) => Promise<void>;
}

export interface Influxdb2Options extends InfluxdbOptions {
  /** Operator token. @default random */
  readonly token?: string;
  /** @default grill-stats */
  readonly org?: string;
  /** Bucket that the setup creates. @default temperature */
  readonly bucket?: string;
  /** False leaves the server without user, organization and token. @default true */
  readonly setup?: boolean;
  /** More arguments of `influxd`. @default none */
  readonly args?: readonly string[];
}

export interface TestInfluxdb2 extends PrivateServer {
  readonly generation: 2;
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  /** Runs Flux in the organization; the answer's annotated CSV. */
  readonly query: (flux: string, org?: string) => Promise<string>;
  readonly write: (bucket: string, lines: string, org?: string) => Promise<void>;
  /** Calls the HTTP API, `/api/v2/…`, with the operator token; JSON in and out. */
  readonly api: <Answer = unknown>(method: string, path: string, body?: unknown) => Promise<Answer>;
}

/** Path of an `influxd` 2.x; tests and demo use 2.x only where this is set, since no package holds it. */
export const influxd2: string | undefined = process.env.INFLUXD2 || undefined;

const expectOk = async (response: Response): Promise<Response> => {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
};

const basic = ({ username, password }: NonNullable<Influxdb1Options['admin']>): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

interface Answer1 {
  readonly results: readonly { readonly error?: string; readonly series?: readonly Influxdb1Series[] }[];
}

const influxql = async (
  url: string,
  headers: Record<string, string>,
  q: string,
  db = '',
): Promise<readonly Influxdb1Series[]> => {
  const response = await fetch(`${url}/query?epoch=ns`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ q, db }),
  });
  const { results } = (await (await expectOk(response)).json()) as Answer1;
  const failed = results.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`influxdb: ${failed.error}: ${q}`);
  return results.flatMap(({ series = [] }) => series);
};

const settings1 = (data: string, port: number, rpcPort: number, auth: boolean): Record<string, string> => ({
  INFLUXDB_META_DIR: join(data, 'meta'),
  INFLUXDB_DATA_DIR: join(data, 'data'),
  INFLUXDB_DATA_WAL_DIR: join(data, 'wal'),
  INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
  INFLUXDB_HTTP_BIND_ADDRESS: `${host}:${port}`,
  INFLUXDB_HTTP_AUTH_ENABLED: `${auth}`,
  INFLUXDB_HTTP_LOG_ENABLED: 'false',
  INFLUXDB_BIND_ADDRESS: `${host}:${rpcPort}`,
  INFLUXDB_MONITOR_STORE_ENABLED: 'false',
  INFLUXDB_REPORTING_DISABLED: 'true',
});

const https = ({ certificate, key }: Pair): Record<string, string> => ({
  INFLUXDB_HTTP_HTTPS_ENABLED: 'true',
  INFLUXDB_HTTP_HTTPS_CERTIFICATE: certificate,
  INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: key,
});

const createAdmin = (url: string, { username, password }: NonNullable<Influxdb1Options['admin']>) =>
  influxql(url, {}, `CREATE USER "${username}" WITH PASSWORD '${password}' WITH ALL PRIVILEGES`);

/** Starts a private InfluxDB 1.x (Debian's influxd) on loopback, as a non-root user. */
export const startInfluxdb1 = async (options: Influxdb1Options = {}): Promise<TestInfluxdb1> => {
  const folder = workFolder('influxdb1');
  const [port, rpcPort] = [await freePort(), await freePort()];
  const url = `http://${host}:${port}`;
  const headers: Record<string, string> = options.admin ? { authorization: basic(options.admin) } : {};
  const server = await startServer({
    program: 'influxd',
    args: ['run', '-config', '/dev/null'],
    env: {
      HOME: folder,
      ...settings1(options.data ?? folder, port, rpcPort, options.admin !== undefined),
      ...(options.https && https(options.https)),
      ...options.settings,
    },
    ready: options.https
      ? () => captureText('curl', ['--fail', '--silent', '--insecure', `https://${host}:${port}/ping`])
      : () => fetch(`${url}/ping`).then(expectOk),
  });
  if (options.admin) await createAdmin(url, options.admin);
  return {
    ...server,
    generation: 1,
    host,
    port,
    rpcPort,
    query: (statements, database) => influxql(url, headers, statements, database),
    write: async (db, body, rp = '') => {
      const parameters = new URLSearchParams({ db, ...(rp && { rp }) });
      await expectOk(await fetch(`${url}/write?${parameters.toString()}`, { method: 'POST', headers, body }));
    },
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
};

/** Starts a private InfluxDB 2.x (the binary that INFLUXD2 names) on loopback, as a non-root user, and sets it up. */
export const startInfluxdb2 = async (options: Influxdb2Options = {}): Promise<TestInfluxdb2> => {
  if (!influxd2) throw new Error('INFLUXD2 does not name an influxd 2.x');
  const folder = workFolder('influxdb2');
  const data = options.data ?? folder;
  const port = await freePort();
  const { token = randomBytes(24).toString('hex'), org = 'grill-stats', bucket = 'temperature' } = options;
  const url = `http://${host}:${port}`;
  const headers = { authorization: `Token ${token}` };
  const call = async (method: string, path: string, type: string, body?: string): Promise<string> => {
    const sent = body === undefined ? {} : { body };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, 'content-type': type, accept: '*/*' },
      ...sent,
    });
    return (await expectOk(response)).text();
  };
  const api = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const text = await call(
      method,
      path,
      'application/json',
      body === undefined ? undefined : JSON.stringify(body),
    );
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  };
  const server = await startServer({
    program: influxd2,
    args: [
      '--bolt-path',
      join(data, 'influxd.bolt'),
      '--engine-path',
      join(data, 'engine'),
      '--sqlite-path',
      join(data, 'influxd.sqlite'),
      '--http-bind-address',
      `${host}:${port}`,
      '--reporting-disabled',
      '--log-level',
      'error',
      ...(options.args ?? []),
    ],
    env: { HOME: folder, TMPDIR: folder },
    ready: () => fetch(`${url}/health`).then(expectOk),
  });
  const { allowed } = await api<{ allowed: boolean }>('GET', '/api/v2/setup');
  if (allowed && options.setup !== false)
    await api('POST', '/api/v2/setup', {
      username: 'admin',
      password: randomBytes(12).toString('hex'),
      org,
      bucket,
      token,
      retentionPeriodSeconds: 0,
    });
  const inOrg = (name: string): string => encodeURIComponent(name);
  return {
    ...server,
    generation: 2,
    host,
    port,
    token,
    org,
    bucket,
    api,
    query: (flux, name = org) =>
      call('POST', `/api/v2/query?org=${inOrg(name)}`, 'application/vnd.flux', flux),
    write: async (into, lines, name = org) => {
      const path = `/api/v2/write?org=${inOrg(name)}&bucket=${inOrg(into)}`;
      await call('POST', path, 'text/plain; charset=utf-8', lines);
    },
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
};
