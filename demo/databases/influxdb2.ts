import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { startInfluxdb2 } from '../../test/kit/influxdb.ts';
import { buckets } from '../data/influxdb.ts';
import type { InfluxdbServer } from './influxdb-server.ts';
import { digestLines } from './lines.ts';

/** Columns of an answer to Flux that depend on the question, not on the data: result, table, _start, _stop. */
const questionColumns = /^,[^,]*,\d+,[^,]*,[^,]*,/;

/** InfluxDB 2.x from the binary that INFLUXD2 names. */
export const influxdb2 = async (operatorToken?: string): Promise<InfluxdbServer> => {
  const server = await startInfluxdb2({
    bucket: 'unused',
    ...(operatorToken && { token: operatorToken }),
  });
  const { host, port, token, org } = server;
  const url = `http://${host}:${port}`;

  const digestOf = async (bucket: string): Promise<string> => {
    const headers = { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux' };
    const body = `from(bucket: "${bucket}") |> range(start: 0)`;
    const response = await fetch(`${url}/api/v2/query?org=${org}`, { method: 'POST', headers, body });
    return digestLines(response, (line) =>
      questionColumns.test(line) ? line.replace(questionColumns, '') : undefined,
    );
  };

  const orgId = async (): Promise<string> =>
    mustExist(
      (await server.api<{ orgs: { id: string }[] }>('GET', `/api/v2/orgs?org=${org}`)).orgs[0],
      'organization',
    ).id;

  return {
    title: `InfluxDB ${(await server.api<{ version: string }>('GET', '/health')).version.replace(/^v/, '')}`,
    connection: { host, port },
    credentials: { token },
    create: async () => {
      const orgID = await orgId();
      for (const { bucket: name, retentionHours } of Object.values(buckets))
        await server.api('POST', '/api/v2/buckets', {
          name,
          orgID,
          retentionRules: retentionHours ? [{ type: 'expire', everySeconds: retentionHours * 3600 }] : [],
        });
    },
    write: server.write,
    digest: async () => {
      const contents: [string, string][] = [];
      for (const name of Object.keys(buckets)) contents.push([name, await digestOf(name)]);
      return Object.fromEntries(contents);
    },
    damage: async () => {
      const range = { start: '1970-01-01T00:00:00Z', stop: '2100-01-01T00:00:00Z' };
      await server.api('POST', `/api/v2/delete?org=${org}&bucket=raw`, {
        ...range,
        predicate: '_measurement="temperature"',
      });
      return 'measurement temperature deleted from bucket raw';
    },
    stop: server.stop,
  };
};
