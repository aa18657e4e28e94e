import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startInfluxdb2, type TestInfluxdb2 } from '../../test/kit/influxdb.ts';
import { cipher, script } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import type { PlanFolder } from '../harness/plan-folder.ts';
import type { Served } from './served.ts';

/** Path of the `influx` of 2.x, which is a program of its own. @default none - `influx backup` does not race */
const influx2 = process.env['INFLUX2'];

/** Configuration of curl that reads what a backup reads: the metadata, then every shard. */
const curlConfig = async ({ host, port, token }: TestInfluxdb2): Promise<string> => {
  const authorization = `Token ${token}`;
  const url = `http://${host}:${port}/api/v2/backup`;
  const metadata = await (await fetch(`${url}/metadata`, { headers: { authorization } })).text();
  const shards = [...metadata.matchAll(/"shards":\[\{"id":(\d+)/g)].map(([, id]) => `${url}/shards/${id}`);
  return [
    `header = "Authorization: ${authorization}"`,
    'fail',
    'silent',
    'show-error',
    ...[`${url}/metadata`, ...shards].flatMap((each) => [`url = "${each}"`, 'output = "-"']),
  ].join('\n');
};

const peers = async (server: TestInfluxdb2, plan: PlanFolder): Promise<readonly Contender[]> => {
  const config = join(plan.folder, 'curl');
  writeFileSync(config, await curlConfig(server));
  const { host, port, token } = server;
  const tool = `${influx2} backup --host http://${host}:${port} --token ${token} dump > log`;
  return [
    { name: 'curl of the same endpoints > /dev/null', argv: ['curl', '-K', config], env: plan.env },
    script(plan, 'curl | gzip -1 | openssl', `curl -K ${config} | gzip -1 | ${cipher} -out peer.enc`),
    ...(influx2 === undefined ? [] : [script(plan, 'influx backup', tool)]),
  ];
};

/** The InfluxDB 2.x that INFLUXD2 names. */
export const generation2 = async (): Promise<Served> => {
  const server = await startInfluxdb2();
  const { host, port, token, bucket } = server;
  const { version } = (await (await fetch(`http://${host}:${port}/health`)).json()) as { version: string };
  return {
    ...server,
    version,
    connection: { host, port },
    credentials: { 'admin-token': token },
    write: (lines) => server.write(bucket, lines),
    peers: (plan) => peers(server, plan),
  };
};
