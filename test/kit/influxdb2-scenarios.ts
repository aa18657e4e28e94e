import { createHash } from 'node:crypto';
import { messageOf } from '../../runtime/src/core/errors.ts';
import type { RunContext } from '../../runtime/src/core/context.ts';
import type { InfluxdbConnection } from '../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../runtime/src/engines/influxdb/index.ts';
import type { RestoreRequest, RestoreScope, Source } from '../../runtime/src/engines/engine.ts';
import { replay, save, type Saved } from '../conformance/engines/saved.ts';

export const token = 'recorded-operator-token';

export const sourceAt = (host: string, port: number): Source<InfluxdbConnection> => ({
  name: 'influxdb',
  connection: { host, port, rpcPort: 8088 },
  credentials: { token },
});

/** A call of the engine; `saved` is what scenario `dump` read. */
export type Scenario = (
  run: RunContext,
  source: Source<InfluxdbConnection>,
  saved: Saved,
) => Promise<{ readonly saved?: Saved; readonly result: unknown }>;

const request = (saved: Saved, mode: RestoreRequest['mode'], suffix: string): RestoreRequest => ({
  mode,
  suffix,
  expected: saved.fingerprint,
  server: saved.server,
});

const restore =
  (mode: RestoreRequest['mode'], suffix: string, scope: RestoreScope = {}): Scenario =>
  async (run, source, saved) => {
    const { port } = source.connection;
    const wanted = { ...request(saved, mode, suffix), ...scope };
    const restored = await influxdb.restore(run, source, replay(saved), wanted);
    return { result: JSON.parse(JSON.stringify(restored).replaceAll(`:${port}/`, ':PORT/')) as unknown };
  };

const failing =
  (scenario: Scenario): Scenario =>
  (run, source, saved) =>
    scenario(run, source, saved).then(
      () => Promise.reject(new Error('expected a failure')),
      (error: unknown) => ({ result: messageOf(error).replaceAll(`:${source.connection.port}`, ':PORT') }),
    );

const dump: Scenario = async (run, source) => {
  const saved = await save(influxdb.dump(run, source));
  const { entries, ...rest } = saved;
  const files = entries.map(
    ({ name, bytes }) => `${name} ${createHash('sha256').update(bytes).digest('hex')}`,
  );
  return { saved, result: { ...rest, files } };
};

/** The same, counted by the server. */
const counted: Scenario = (run, source, saved) =>
  dump(run, { ...source, connection: { ...source.connection, count: 'server' } }, saved);

/** In the order in which they are recorded; `full` runs against a second server, fresh from its setup. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  dump,
  counted,
  trial: restore('trial', 'trial'),
  replace: restore('replace', 'first'),
  bucket: restore('replace', 'part', { only: ['temperature'] }),
  renamed: restore('replace', 'new', { only: ['grill-stats/ten years'], into: 'copy' }),
  absent: failing(restore('replace', 'none', { only: ['oven'] })),
  taken: failing(restore('replace', 'first')),
  refused: failing((run, source, saved) => dump(run, { ...source, credentials: { token: 'wrong' } }, saved)),
  full: restore('replace', 'full'),
};
