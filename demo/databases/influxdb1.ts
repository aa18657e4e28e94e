import { randomBytes } from 'node:crypto';
import { startInfluxdb1 } from '../../test/kit/influxdb.ts';
import { buckets } from '../data/influxdb.ts';
import type { InfluxdbServer } from './influxdb-server.ts';
import { digestLines } from './lines.ts';

const database = 'grill_stats';

const duration = (hours: number): string => (hours === 0 ? 'INF' : `${hours}h`);

/** Debian's InfluxDB 1.x with authentication; a bucket is a retention policy of one database. */
export const influxdb1 = async (): Promise<InfluxdbServer> => {
  const admin = { username: 'admin', password: randomBytes(12).toString('hex') };
  const server = await startInfluxdb1({ admin });
  const authorization = `Basic ${Buffer.from(`${admin.username}:${admin.password}`).toString('base64')}`;
  const url = `http://${server.host}:${server.port}`;

  const digestOf = async (bucket: string): Promise<string> => {
    const q = `SELECT * FROM "${database}"."${bucket}"./.*/ GROUP BY *`;
    const headers = { authorization, accept: 'application/csv' };
    const query = new URLSearchParams({ q, epoch: 'ns', chunked: 'true' });
    return digestLines(await fetch(`${url}/query?${query.toString()}`, { headers }), (line) =>
      line.startsWith('name,tags,') ? undefined : line,
    );
  };

  return {
    title: `InfluxDB ${(await fetch(`${url}/ping`)).headers.get('x-influxdb-version')}`,
    connection: { host: server.host, port: server.port, rpcPort: server.rpcPort },
    credentials: admin,
    create: async () => {
      await server.query(`CREATE DATABASE ${database}`);
      for (const { bucket, retentionHours } of Object.values(buckets))
        await server.query(
          `CREATE RETENTION POLICY "${bucket}" ON ${database} DURATION ${duration(retentionHours)} REPLICATION 1` +
            (bucket === 'raw' ? ' DEFAULT' : ''),
        );
    },
    write: (bucket, lines) => server.write(database, lines, bucket),
    digest: async () => {
      const contents: [string, string][] = [];
      for (const name of Object.keys(buckets)) contents.push([name, await digestOf(name)]);
      const policies = JSON.stringify(await server.query(`SHOW RETENTION POLICIES ON ${database}`));
      return { ...Object.fromEntries(contents), policies };
    },
    damage: async () => {
      await server.query('DROP MEASUREMENT temperature', database);
      return 'DROP MEASUREMENT temperature';
    },
    stop: server.stop,
  };
};
