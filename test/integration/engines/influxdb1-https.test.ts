import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import { replay, save } from '../../conformance/engines/saved.ts';
import { captureText } from '../../kit/capture.ts';
import { makeCertificates, type Certificates } from '../../kit/certificates.ts';
import { startInfluxdb1, type TestInfluxdb1 } from '../../kit/influxdb.ts';
import { testRun, type TestRun } from '../../kit/run.ts';

let certificates: Certificates;
let run: TestRun;
let server: TestInfluxdb1;
let source: Source<InfluxdbConnection>;
const warnings: string[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
  const pair = await certificates.issue('influxdb', { names: 'IP:127.0.0.1' });
  server = await startInfluxdb1({ https: pair });
  const { host, port, rpcPort } = server;
  const tls = { verify: 'full', caFile: certificates.caFile('trusted') } as const;
  source = { name: 'influxdb', connection: { host, port, rpcPort }, credentials: {}, tls };
  run = testRun({ log: pino({ level: 'warn' }, { write: (line) => void warnings.push(line) }) });
});

afterAll(async () => {
  await server.stop();
  await run.dispose();
  await certificates.dispose();
});

const influx = (statement: string, database = ''): Promise<string> => {
  const address = ['-host', server.host, '-port', `${server.port}`, '-ssl', '-unsafeSsl'];
  return captureText('influx', [...address, '-database', database, '-format', 'csv', '-execute', statement]);
};

test('influxd 1.x with https-enabled is backed up and restored, and the run warns that its own protocol has no TLS', async () => {
  await influx('CREATE DATABASE grill');
  await influx('INSERT temperature,probe=1 celsius=95.5 1000', 'grill');
  const before = await influx('SELECT * FROM temperature', 'grill');
  const saved = await save(influxdb.dump(run, source));
  await influx('DROP DATABASE grill');
  await influxdb.restore(run, source, replay(saved), {
    ...{ mode: 'replace', suffix: 'tls', expected: saved.fingerprint, server: saved.server },
  });
  expect(await influx('SELECT * FROM temperature', 'grill')).toBe(before);
  expect(before).toContain('95.5');
  expect(warnings).toHaveLength(2); // one for the dump, one for the restore
  expect(warnings[0]).toMatch(
    /connection\.tls covers the HTTP API only; influxd 1\.x sends the data itself without TLS/,
  );
});
