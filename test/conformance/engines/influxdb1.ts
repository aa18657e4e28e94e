import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import { startInfluxdb1 } from '../../kit/influxdb.ts';
import type { EngineFixture, EngineServer } from './fixture.ts';
import { hostileDumps, readings } from './influxdb-hostile.ts';

/** Answers of the server's own client, so that nothing of the engine under test is used. */
const ask = ({ connection, credentials }: Source, statement: string): Promise<string> => {
  const { host, port } = connection as InfluxdbConnection;
  const { username = '', password = '' } = credentials;
  return captureText(
    'influx',
    ['-host', host, '-port', `${port}`, '-precision', 'ns', '-format', 'csv', '-execute', statement],
    { env: { INFLUX_USERNAME: username, INFLUX_PASSWORD: password } },
  );
};

const names = async (source: Source, statement: string): Promise<readonly string[]> =>
  (await ask(source, statement))
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[statement === 'SHOW DATABASES' ? 1 : 0]!)
    .toSorted();

const content = async (source: Source): Promise<string> => {
  const found: string[] = [];
  for (const database of await names(source, 'SHOW DATABASES')) {
    if (database === '_internal') continue;
    const policies = `SHOW RETENTION POLICIES ON "${database}"`;
    found.push(database, ...(await ask(source, policies)).split('\n').toSorted());
    for (const policy of await names(source, policies))
      found.push(policy, await ask(source, `SELECT * FROM "${database}"."${policy}"./.*/ GROUP BY *`));
  }
  const continuous = (await ask(source, 'SHOW CONTINUOUS QUERIES'))
    .split('\n')
    .filter((line) => line.includes('CREATE'));
  return [...found, ...continuous.toSorted()].join('\n');
};

const seedInfluxql = `
  CREATE DATABASE grill;
  CREATE RETENTION POLICY month ON grill DURATION 30d REPLICATION 1;
  CREATE RETENTION POLICY unused ON grill DURATION 7d REPLICATION 1 SHARD DURATION 12h;
  CREATE DATABASE "smo ker ü" WITH DURATION 90d NAME quarter;
  CREATE DATABASE idle;
  CREATE CONTINUOUS QUERY hourly ON grill BEGIN
    SELECT mean(celsius) AS celsius INTO grill.month.hourly FROM grill.autogen.temperature GROUP BY time(1h), probe END`;

const start = async (): Promise<EngineServer> => {
  const admin = { username: 'backup', password: 'geheim "1"' };
  const server = await startInfluxdb1({ admin });
  const { host, port, rpcPort } = server;
  const source: Source<InfluxdbConnection> = {
    name: 'influxdb',
    connection: { host, port, rpcPort },
    credentials: admin,
  };
  return {
    source,
    content,
    seed: async () => {
      await server.query(seedInfluxql);
      await server.write('grill', readings('temperature', 2000));
      await server.write('grill', 'types f=1.5,i=2i,s="text, \\"quoted\\"",b=true -1000\ntypes f=-2 1000');
      await server.write('grill', readings('temperature', 500), 'month');
      await server.write('smo ker ü', readings('fan', 300));
    },
    damage: async () => {
      await server.query(
        `DROP MEASUREMENT temperature; DROP CONTINUOUS QUERY hourly ON grill; DROP RETENTION POLICY unused ON grill`,
        'grill',
      );
      await server.query('DROP DATABASE "smo ker ü"');
      await server.write('grill', 'types f=99 1000\nintruder x=1 1');
    },
    clear: async () => {
      for (const database of await names(source, 'SHOW DATABASES'))
        await server.query(`DROP DATABASE "${database}"`);
    },
    enlarge: () => Promise.reject(new Error('not needed: failsWhenCut is false')),
    cut: () => Promise.reject(new Error('not needed: failsWhenCut is false')),
    stop: server.stop,
  };
};

export const influxdb1Fixture: EngineFixture = {
  engine: influxdb,
  title: 'InfluxDB 1.x',
  start,
  trialsBeside: true,
  failsWhenCut: false,
  withWrongPassword: (source) => ({ ...source, credentials: { ...source.credentials, password: 'wrong' } }),
  hostile: hostileDumps('.tar.gz', '.manifest'),
};
