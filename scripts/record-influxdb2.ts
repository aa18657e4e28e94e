/**
 * Records what a real InfluxDB 2.x answers to the engine, for tests on machines without one:
 * `INFLUXD2=/path/to/influxd node scripts/record-influxdb2.ts` writes test/fixtures/influxdb2/*.json.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { collect } from '../runtime/src/core/process.ts';
import { startInfluxdb2, type TestInfluxdb2 } from '../test/kit/influxdb.ts';
import { recordAnswer, recordRequest, type Exchange } from '../test/kit/influxdb2-replay.ts';
import { scenarios, sourceAt, token } from '../test/kit/influxdb2-scenarios.ts';
import { testRun } from '../test/kit/run.ts';
import type { Saved } from '../test/conformance/engines/saved.ts';

const folder = join(import.meta.dirname, '../test/fixtures/influxdb2');

/** A proxy that keeps every exchange; small contents only. */
const startRecorder = async ({ host, port }: TestInfluxdb2) => {
  const exchanges: Exchange[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await collect(request);
    const { method, url: path, headers } = request;
    const passed = httpRequest({
      host,
      port,
      method,
      path,
      headers: { ...headers, host: `${host}:${port}` },
    });
    passed.end(body);
    const [answer] = (await once(passed, 'response')) as [IncomingMessage];
    const content = await collect(answer);
    exchanges.push({ request: recordRequest(request, body), answer: recordAnswer(answer, content) });
    response.writeHead(answer.statusCode ?? 502, answer.headers).end(content);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch((error: Error) => response.destroy(error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take: (): readonly Exchange[] => exchanges.splice(0),
    stop: () => server.close(),
  };
};

const seed = async (server: TestInfluxdb2): Promise<void> => {
  const { orgs } = await server.api<{ orgs: { id: string }[] }>('GET', '/api/v2/orgs');
  const orgID = mustExist(orgs[0], 'organization').id;
  const retentionRules = [{ type: 'expire', everySeconds: 3650 * 86_400 }];
  await server.api('POST', '/api/v2/buckets', { orgID, name: 'ten years', retentionRules });
  await server.api('POST', '/api/v2/buckets', { orgID, name: 'idle', retentionRules: [] });
  await server.write('temperature', 'temperature,probe=a celsius=95.5,battery=80i 1767225600000000000');
  await server.write(
    'temperature',
    'temperature,probe=b celsius=60 1767225600000000000\nstate text="on",lit=true,n=1u 1',
  );
  await server.write(
    'ten years',
    'mean,probe=a celsius=90 1767225600000000000\nmean,probe=a celsius=91 1772323200000000000',
  );
  const flux = 'option task = {name: "hourly", every: 1h}\nfrom(bucket: "temperature") |> range(start: -1h)';
  await server.api('POST', '/api/v2/tasks', { orgID, flux, status: 'inactive' });
  await server.api('POST', '/api/v2/dashboards', { orgID, name: 'smokers' });
};

const options = { token, org: 'grill-stats', bucket: 'temperature' };
const [live, fresh] = [await startInfluxdb2(options), await startInfluxdb2({ ...options, org: 'fresh' })];
const now = new Date();
const run = testRun({ now: () => now });
try {
  await seed(live);
  const { version: influxd } = await live.api<{ version: string }>('GET', '/health');
  mkdirSync(folder, { recursive: true });
  let saved: Saved = {
    server: { product: 'InfluxDB', version: influxd, tools: {} },
    entries: [],
    fingerprint: {},
  };
  for (const [name, scenario] of Object.entries(scenarios)) {
    const recorder = await startRecorder(name === 'full' ? fresh : live);
    const done = await scenario(run, sourceAt('127.0.0.1', recorder.port), saved);
    if (name === 'dump') saved = mustExist(done.saved, 'saved archive');
    const recording = { influxd, now: now.toISOString(), result: done.result, exchanges: recorder.take() };
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(recording, null, 1)}\n`);
    recorder.stop();
    console.log(`${name}: ${recording.exchanges.length} exchanges`);
  }
} finally {
  await run.dispose();
  await live.stop();
  await fresh.stop();
}
