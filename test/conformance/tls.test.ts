import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { openSecretSource } from '../../runtime/src/session/app.ts';
import type { Source } from '../../runtime/src/engines/engine.ts';
import type { Target } from '../../runtime/src/plan/schema.ts';
import { makeCertificates, type Certificates, type Pair } from '../kit/certificates.ts';
import { freePort } from '../kit/private-server.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import type { EngineFixture, EngineServer } from './engines/fixture.ts';
import { influxdb1Fixture } from './engines/influxdb1.ts';
import { influxdb2Fixture } from './engines/influxdb2.ts';
import { postgresqlFixtures } from './engines/postgresql.ts';
import { redisFixtures } from './engines/redis.ts';
import { replay, save } from './engines/saved.ts';
import { secure, type SecureServer } from './engines/secure.ts';

const fixtures: readonly EngineFixture[] = [
  postgresqlFixtures[0]!,
  redisFixtures[0]!,
  influxdb1Fixture,
  influxdb2Fixture,
];

const cases = fixtures
  .filter(({ missing }) => missing === undefined)
  .map((fixture) => ({ title: fixture.title ?? fixture.engine.title, fixture }));

/** What a client without TLS gets from a port that wants it. */
const wantsTls: Readonly<Record<string, RegExp>> = {
  postgresql: /valid client certificate/, // TLS is tried, as `prefer` does
  redis: /may speak TLS only, see connection\.tls/,
  influxdb: /socket hang up|HTTPS/,
};

type TlsFields = Readonly<Record<string, unknown>>;

const client = { secret: 'client' };
/** As a person writes it; the rest are defaults. */
const right: TlsFields = { ca: { configMap: 'trusted' }, client, serverName: 'db.test' };

describe.each(cases)('$title over TLS', ({ fixture }) => {
  const { engine } = fixture;
  let run: TestRun;
  let certificates: Certificates;
  let server: EngineServer;
  let secured: SecureServer;
  const pairs: Record<string, Pair> = {};

  beforeAll(async () => {
    certificates = await makeCertificates();
    pairs.server = await certificates.issue('server', { names: 'DNS:db.test' });
    pairs.old = await certificates.issue('old', { names: 'DNS:db.test', days: -1 });
    await certificates.issue('client', { names: 'DNS:backup.test' });
    await certificates.issue('stranger', { names: 'DNS:backup.test', ca: 'other' });
    server = await fixture.start();
    await server.seed();
    secured = await secure[engine.name]!(server.source, pairs.server, certificates.caFile('trusted'));
    run = testRun({
      fileOf: (_place, name, key) => join(certificates.folder, name, key),
      readSecret: async (_secret, role) =>
        server.source.credentials[role] ?? Promise.reject(new Error('none')),
    });
  }, 60_000);

  afterAll(async () => {
    secured.close();
    await server.stop();
    await run.dispose();
    await certificates.dispose();
  });

  /** The server as a plan names it, with its certificates found where a pod has them. */
  const sourceWith = (
    tls: TlsFields | undefined,
    other: Readonly<Record<string, unknown>> = {},
  ): Promise<Source> => {
    const connection = engine.connection.parse({
      ...(server.source.connection as object),
      ...secured.connection,
      ...other,
      tls,
    });
    const keys = Object.fromEntries(Object.keys(engine.secretKeys).map((role) => [role, role]));
    const target = { name: engine.name, engine: engine.name } as Target;
    return openSecretSource(run, target, { connection, secret: { name: 'database', keys } });
  };

  const probe = async (tls: TlsFields | undefined, other = {}) =>
    engine.probe(run, await sourceWith(tls, other));

  const refused = async (message: RegExp, tls: TlsFields, other = {}) => {
    const error = await probe(tls, other).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(error).toMatchObject({
      code: expect.stringMatching(/^source\.(untrusted|refused)$/),
      retryable: false,
    });
  };

  test('dump and restore bring back the same content', async () => {
    const source = await sourceWith(right);
    const before = await server.content(server.source);
    const saved = await save(engine.dump(run, source));
    await server.damage();
    expect(await server.content(server.source)).not.toBe(before);
    const { fingerprint } = await engine.restore(run, source, replay(saved), {
      ...{ mode: 'replace', suffix: 'tls', expected: saved.fingerprint, server: saved.server },
    });
    expect(fingerprint).toEqual(saved.fingerprint);
    expect(await server.content(server.source)).toBe(before);
  }, 60_000);

  test.each<[string, TlsFields]>([
    ['the CA of a Secret', { ...right, ca: { secret: 'trusted' } }],
    ['`ca` looks at no name', { ca: { configMap: 'trusted' }, client, verify: 'ca' }],
    ['`none` looks at nothing', { client, verify: 'none' }],
  ])('connects: %s', async (_, tls) => {
    expect(await probe(tls)).toMatchObject({ product: engine.title });
  });

  test.each<[string, RegExp, TlsFields]>([
    [
      'another CA',
      /certificate is signed by an unknown CA.*connection\.tls\.ca/,
      { ...right, ca: { configMap: 'other' } },
    ],
    ['another CA, under `ca`', /unknown CA/, { ca: { configMap: 'other' }, client, verify: 'ca' }],
    ['no CA', /unknown CA/, { client, serverName: 'db.test' }],
    [
      'another name',
      /another name.*connection\.tls\.serverName.*DNS:db\.test/,
      { ...right, serverName: 'else.test' },
    ],
    [
      'its address, which it does not hold',
      /another name.*127\.0\.0\.1/,
      { ca: { configMap: 'trusted' }, client },
    ],
    ['no client certificate', /client certificate/, { ...right, client: undefined }],
  ])('tells what is wrong: %s', (_, message, tls) => refused(message, tls));

  if (engine.name !== 'influxdb')
    // the proxy before it hangs up without a word
    test('tells what is wrong: a client certificate of another CA', () =>
      refused(/client certificate|unknown ca/i, { ...right, client: { secret: 'stranger' } }));

  test('tells that a certificate has expired', async () => {
    await secured.show(pairs.old!);
    await refused(/has expired; renew it/, right);
    await secured.show(pairs.server!);
  });

  test('tells which file of a certificate is missing', async () => {
    await expect(probe({ ...right, ca: { configMap: 'absent' } })).rejects.toMatchObject({
      code: 'secret.missing',
      message: expect.stringMatching(/absent\/ca\.crt cannot be read: ENOENT/),
    });
  });

  test('a closed port is unreachable, not untrusted', async () => {
    await expect(probe(right, { port: await freePort() })).rejects.toMatchObject({
      code: 'source.unreachable',
    });
  });

  test('a plan without TLS is told that the port may want it', async () => {
    const attempt = probe(undefined).catch((reason: Error) => reason.message);
    expect(await attempt).toMatch(wantsTls[engine.name]!);
  });

  test('tells that a port speaks no TLS', async () => {
    const error = await probe(right, await secured.plain()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(/(does not speak|may not speak) TLS/) });
  }, 30_000); // Redis waits for more of the greeting, so the time for a connection passes
});
