import { startInfluxdb1 } from '../../test/kit/influxdb.ts';
import { cipher, script } from '../harness/contenders.ts';
import type { Served } from './served.ts';

const database = 'grill_stats';

/** Debian's InfluxDB 1.x. Its backups come over the RPC port, so there is no endpoint for curl. */
export const generation1 = async (): Promise<Served> => {
  const server = await startInfluxdb1();
  const { host, port, rpcPort } = server;
  await server.query(`CREATE DATABASE ${database}`);
  const dump = `influxd backup -portable -host ${host}:${rpcPort} dump 2> log`;
  return {
    ...server,
    version: (await fetch(`http://${host}:${port}/ping`)).headers.get('x-influxdb-version') ?? '1.x',
    connection: { host, port, rpcPort },
    credentials: {},
    write: (lines) => server.write(database, lines),
    peers: (plan) =>
      Promise.resolve([
        script(plan, 'influxd backup -portable', dump),
        script(
          plan,
          'influxd backup, tar | gzip -1 | openssl',
          `${dump}; tar c dump | gzip -1 | ${cipher} -out peer.enc; rm -r dump`,
        ),
      ]),
  };
};
