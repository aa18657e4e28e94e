import { randomBytes } from 'node:crypto';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import { startFaultyProxy } from '../../kit/faulty-proxy.ts';
import { influxd2, startInfluxdb2 } from '../../kit/influxdb.ts';
import type { EngineFixture, EngineServer } from './fixture.ts';
import { ballast, hostileDumps, readings } from './influxdb-hostile.ts';

/** The operator token of the live server, and, after a full restore, of the scratch server too. */
const token = 'operator-token-of-the-tests';
const org = 'grill stats';

const ask = async ({ connection }: Source, path: string, flux?: string): Promise<string> => {
  const { host, port } = connection as InfluxdbConnection;
  const response = await fetch(`http://${host}:${port}${path}`, {
    ...(flux === undefined ? {} : { method: 'POST', body: flux }),
    headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux', accept: '*/*' },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.text();
};

interface Listed {
  readonly name: string;
  readonly type?: string;
  readonly retentionRules?: unknown;
  readonly flux?: string;
}

const list = async (source: Source, what: string): Promise<readonly Listed[]> =>
  (JSON.parse(await ask(source, `/api/v2/${what}?limit=100`)) as Record<string, readonly Listed[]>)[what]!;

const points = async (source: Source, bucket: string): Promise<readonly string[]> => {
  const flux = `from(bucket: ${JSON.stringify(bucket)}) |> range(start: -200y) |> drop(columns: ["_start", "_stop"])`;
  const csv = await ask(source, `/api/v2/query?org=${encodeURIComponent(org)}`, flux);
  return csv
    .split('\r\n')
    .map((line) => line.replace(/^,_result,\d+,/, ''))
    .filter((line) => line !== '')
    .toSorted();
};

/** Names that a restore gives to what it keeps. */
const kept = /_(before|undone)_\w+$/;

/** Buckets with retention and all points, tasks, dashboards. */
const content = async (source: Source): Promise<string> => {
  const buckets = (await list(source, 'buckets')).filter(
    ({ name, type }) => type === 'user' && !kept.test(name),
  );
  const found: string[] = [];
  for (const { name, retentionRules } of buckets.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    found.push(`${name} ${JSON.stringify(retentionRules)}`, ...(await points(source, name)));
  for (const { name, flux } of await list(source, 'tasks')) found.push(`task ${name} ${flux}`);
  for (const { name } of await list(source, 'dashboards')) found.push(`dashboard ${name}`);
  return found.join('\n');
};

const types = 'types f=1.5,i=2i,u=3u,s="text, \\"quoted\\"",b=true -1000\ntypes f=-2 1000';

const start = async (): Promise<EngineServer> => {
  const server = await startInfluxdb2({ token, org, bucket: 'temperature' });
  let cutting = false;
  const proxy = await startFaultyProxy(`http://${server.host}:${server.port}`, () =>
    cutting ? { kind: 'cut', direction: 'response', afterBytes: 200_000 } : undefined,
  );
  const { hostname: host, port } = new URL(proxy.endpoint);
  const source: Source<InfluxdbConnection> = {
    name: 'influxdb',
    connection: { host, port: Number(port), rpcPort: 8088 },
    credentials: { token },
  };
  const orgID = (await server.api<{ orgs: { id: string }[] }>('GET', '/api/v2/orgs')).orgs[0]!.id;
  const idOf = async (name: string): Promise<string> => {
    const found = await server.api<{ buckets: { id: string; name: string }[] }>(
      'GET',
      '/api/v2/buckets?limit=100',
    );
    return found.buckets.find((bucket) => bucket.name === name)!.id;
  };
  const createBucket = (name: string, days: number) =>
    server.api('POST', '/api/v2/buckets', {
      ...{ name, orgID, description: `${days} days` },
      retentionRules: days === 0 ? [] : [{ type: 'expire', everySeconds: days * 86_400 }],
    });
  const deletePoints = (bucket: string, predicate: string) =>
    server.api('POST', `/api/v2/delete?org=${encodeURIComponent(org)}&bucket=${bucket}`, {
      ...{ start: '1970-01-01T00:00:00Z', stop: '2200-01-01T00:00:00Z', predicate },
    });
  return {
    source,
    content,
    seed: async () => {
      await createBucket('month', 30);
      await createBucket('smo ker/ü', 90);
      await createBucket('idle', 0);
      await server.write('temperature', `${readings('temperature', 2000)}\n${types}`);
      await server.write('month', readings('temperature', 3000));
      await server.write('smo ker/ü', readings('fan', 300));
      const flux =
        'option task = {name: "hourly", every: 1h}\nfrom(bucket: "temperature") |> range(start: -1h) |> to(bucket: "month")';
      await server.api('POST', '/api/v2/tasks', { orgID, flux, status: 'inactive' });
      await server.api('POST', '/api/v2/dashboards', { orgID, name: 'smokers' });
      const resource = { type: 'buckets', id: await idOf('temperature') };
      const permissions = [{ action: 'write', resource }];
      await server.api('POST', '/api/v2/authorizations', {
        orgID,
        description: 'probe gateway',
        permissions,
      });
    },
    damage: async () => {
      await deletePoints('temperature', '_measurement="temperature"');
      await server.write('temperature', 'types f=99 1000\nintruder x=1 1');
      await server.api('PATCH', `/api/v2/buckets/${await idOf('month')}`, {
        retentionRules: [{ type: 'expire', everySeconds: 86_400 * 7 }],
      });
      await server.api('DELETE', `/api/v2/buckets/${await idOf('smo ker/ü')}`);
    },
    clear: async () => {
      cutting = false; // a dump reads what is there before it finds nothing
      const { buckets } = await server.api<{ buckets: { id: string; type: string }[] }>(
        'GET',
        '/api/v2/buckets?limit=100',
      );
      for (const { id, type } of buckets)
        if (type === 'user') await server.api('DELETE', `/api/v2/buckets/${id}`);
    },
    enlarge: async () => {
      for (const lines of ballast(16, (bytes) => randomBytes(bytes).toString('base64')))
        await server.write('temperature', lines);
    },
    cut: async () => {
      cutting = true;
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};

export const influxdb2Fixture: EngineFixture = {
  engine: influxdb,
  title: 'InfluxDB 2.x',
  ...(influxd2 ? {} : { missing: 'InfluxDB 2.7 server (INFLUXD2 not set; in no Debian or npm package)' }),
  start,
  trialsBeside: true,
  undoEnvironment: () => ({ INFLUX_TOKEN: token }),
  withWrongPassword: (source) => ({ ...source, credentials: { token: 'wrong' } }),
  hostile: hostileDumps('.tar', 'buckets.json'),
};
