import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { influxdb } from '../../../../runtime/src/engines/influxdb/index.ts';
import { startReplay, type Exchange, type Recording, type Replay } from '../../../kit/influxdb2-replay.ts';
import { scenarios, sourceAt } from '../../../kit/influxdb2-scenarios.ts';
import { replay as replaySaved, save, type Saved } from '../../../conformance/engines/saved.ts';
import { testRun } from '../../../kit/run.ts';

const recordingOf = (name: string): Recording =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, `../../../fixtures/influxdb2/${name}.json`), 'utf8'),
  ) as Recording;

const servers: Replay[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const serve = async (exchanges: readonly Exchange[]): Promise<Replay> => {
  const server = await startReplay(exchanges);
  servers.push(server);
  return server;
};

const clock = testRun({ now: () => new Date(recordingOf('dump').now) });

let saved: Saved;
beforeAll(async () => {
  const server = await startReplay(recordingOf('dump').exchanges);
  saved = await save(influxdb.dump(clock, sourceAt(server.host, server.port)));
  await server.stop();
  return clock.dispose;
});

describe('recorded answers of a real InfluxDB 2.7', () => {
  test('are of one version', () => {
    expect(new Set(Object.keys(scenarios).map((name) => recordingOf(name).influxd))).toEqual(
      new Set(['v2.7.12']),
    );
  });

  test.each(Object.keys(scenarios))(
    '%s makes the same requests and comes to the same result',
    async (name) => {
      const { exchanges, result } = recordingOf(name);
      const server = await serve(exchanges);
      const done = await scenarios[name]!(clock, sourceAt(server.host, server.port), saved);
      expect(server.requests).toEqual(exchanges.map(({ request }) => request));
      expect(done.result).toEqual(result);
    },
  );

  test('inspect takes the dump', async () => {
    expect(await influxdb.inspect(clock, replaySaved(saved))).toEqual(saved.fingerprint);
  });

  test('what the shards hold is what the server counted, and it is asked for no count', () => {
    const [dump, counted] = [recordingOf('dump'), recordingOf('counted')];
    expect(saved.fingerprint).toEqual((counted.result as Saved).fingerprint);
    const asked = (recording: Recording) =>
      recording.exchanges.filter(({ request: { path } }) => path.startsWith('/api/v2/query')).length;
    expect(asked(dump)).toBe(0);
    expect(asked(counted)).toBeGreaterThan(10);
  });

  test('inspect only looks through an archive that the server counted', async () => {
    const server = await serve(recordingOf('counted').exchanges);
    const source = sourceAt(server.host, server.port);
    const connection = { ...source.connection, count: 'server' } as const;
    const old = await save(influxdb.dump(clock, { ...source, connection }));
    const items = Object.keys(saved.fingerprint).map((item) => [item, {}]);
    expect(await influxdb.inspect(clock, replaySaved(old))).toEqual(Object.fromEntries(items));
  });
});

const textOf = ({ answer }: Exchange): string =>
  gunzipSync(Buffer.from(answer.gzip!, 'base64')).toString('latin1');

const answering = (exchange: Exchange, content: string, status = exchange.answer.status): Exchange => ({
  ...exchange,
  answer: {
    status,
    headers: exchange.answer.headers,
    gzip: gzipSync(Buffer.from(content, 'latin1')).toString('base64'),
  },
});

const altered = (name: string, path: string, alter: (exchange: Exchange) => Exchange): readonly Exchange[] =>
  recordingOf(name).exchanges.map((exchange) =>
    exchange.request.path.startsWith(path) ? alter(exchange) : exchange,
  );

const metadata = '/api/v2/backup/metadata';
const error = '{"code":"internal error","message":"a panic has occurred"}';

describe('answers with status 200 that are no dump', () => {
  const dumpOf = async (exchanges: readonly Exchange[]): Promise<Saved> => {
    const server = await serve(exchanges);
    return save(influxdb.dump(clock, sourceAt(server.host, server.port)));
  };

  test.each([
    [
      'metadata without its closing boundary',
      metadata,
      (text: string) => text.replace(/--\r\n$/, ''),
      /closing boundary/,
    ],
    [
      'metadata cut in the key-value store',
      metadata,
      (text: string) => text.slice(0, 20_000),
      /closing boundary/,
    ],
    [
      'an error for the list of buckets',
      metadata,
      (text: string) => text.replace(/\[\{"organizationID"[^]*\]\n/, `${error}\n`),
      /list of buckets is broken.*a panic has occurred/,
    ],
    [
      'noise for the key-value store',
      metadata,
      (text: string) => text.replace('\xed\xda\x0c\xed', 'NOPE'),
      /v2\/kv\.bolt is not what influxdb writes/,
    ],
    [
      'metadata without a part',
      metadata,
      (text: string) => text.replace(/name="sql"/, 'name="sequel"'),
      /part sequel out of order/,
    ],
    ['an error behind a shard', '/api/v2/backup/shards/1', (text: string) => text + error, /end of the tar/],
    ['an error for a shard', '/api/v2/backup/shards/1', () => error, /shard 1: /],
    [
      'a shard cut at a block',
      '/api/v2/backup/shards/1',
      (text: string) => text.slice(0, -512),
      /end of the tar/,
    ],
    [
      'a shard whose file is no TSM',
      '/api/v2/backup/shards/1',
      (text: string) => text.replace('\x16\xd1\x16\xd1', 'NOPE'),
      /not a TSM file/,
    ],
  ])('%s', async (_title, path, alter, message) => {
    const exchanges = altered('dump', path, (exchange) => answering(exchange, alter(textOf(exchange))));
    await expect(dumpOf(exchanges)).rejects.toEqual(
      expect.objectContaining({ code: 'dump.damaged', message: expect.stringMatching(message) }),
    );
  });

  test('a shard that retention dropped meanwhile is left out', async () => {
    const exchanges = altered('dump', '/api/v2/backup/shards/1', (exchange) =>
      answering(exchange, '{"code":"not found","message":"shard 1 not found"}', 404),
    );
    const names = (await dumpOf(exchanges)).entries.map(({ name }) => name);
    expect(names).toEqual(saved.entries.map(({ name }) => name).filter((name) => name !== 'v2/shards/1.tar'));
  });

  test('a shard that is busy with its cache is asked for again', async () => {
    const exchanges = recordingOf('dump').exchanges.flatMap((exchange) =>
      exchange.request.path === '/api/v2/backup/shards/1'
        ? [answering(exchange, error, 500), exchange]
        : [exchange],
    );
    expect((await dumpOf(exchanges)).entries).toEqual(saved.entries);
  });

  test('an error in the answer to a query', async () => {
    const exchanges = altered('counted', '/api/v2/query', (exchange) => ({
      ...exchange,
      answer: { ...exchange.answer, text: '\r\nerror,reference\r\nengine is closed,\r\n' },
    }));
    const server = await serve(exchanges);
    const source = sourceAt(server.host, server.port);
    const connection = { ...source.connection, count: 'server' } as const;
    await expect(save(influxdb.dump(clock, { ...source, connection }))).rejects.toEqual(
      expect.objectContaining({ code: 'dump.failed', message: expect.stringMatching(/engine is closed/) }),
    );
  });
});

const onePoint = [
  ...[',result,table,_measurement,_field,_value', ',points,0,m,f,1', ''],
  ...[',result,table,_measurement,_field,type,series', ',types,0,m,f,float,1', ''],
  ...[',result,table,series', ',series,0,1', ''],
].join('\r\n');

test('a restore that the server answers with 200 and does not carry out is a mismatch, and is cleaned up', async () => {
  const counted = (exchange: Exchange): Exchange => ({
    ...exchange,
    answer: { ...exchange.answer, text: onePoint },
  });
  const exchanges = altered('trial', '/api/v2/query', counted);
  const server = await serve(exchanges);
  const request = {
    mode: 'replace',
    suffix: 'trial',
    expected: saved.fingerprint,
    server: saved.server,
  } as const;
  const usual = recordingOf('trial').exchanges.map(({ request: { method, path } }) => `${method} ${path}`);
  const source = sourceAt(server.host, server.port);
  await expect(
    influxdb.restore(clock, source, replaySaved(saved), { ...request, mode: 'trial' }),
  ).rejects.toEqual(
    expect.objectContaining({
      code: 'restore.mismatch',
      message: expect.stringMatching(/float: expected [23], found 1|points: expected [26], found/),
    }),
  );
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(usual);
});
