import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Source } from '../../runtime/src/engines/engine.ts';
import { BackupError, type FailureCode } from '../../runtime/src/core/errors.ts';
import { captureText } from '../kit/capture.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import type { EngineFixture, EngineServer } from './engines/fixture.ts';
import { influxdb1Fixture } from './engines/influxdb1.ts';
import { influxdb2Fixture } from './engines/influxdb2.ts';
import { postgresqlFixtures } from './engines/postgresql.ts';
import { redisFixtures } from './engines/redis.ts';
import { broken, replay, save, type Saved } from './engines/saved.ts';

const fixtures: readonly EngineFixture[] = [
  ...postgresqlFixtures,
  ...redisFixtures,
  influxdb1Fixture,
  influxdb2Fixture,
];

const failure = (code: FailureCode, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const cases = fixtures
  .filter(({ missing }) => missing === undefined)
  .map((fixture) => ({ title: fixture.title ?? fixture.engine.title, fixture }));

for (const { missing } of fixtures)
  if (missing !== undefined) describe.skip(missing, () => test('conforms', () => {}));

describe.each(cases)('$title', ({ fixture }) => {
  const { engine } = fixture;
  let run: TestRun;
  let server: EngineServer;
  let source: Source;
  let saved: Saved;
  let before: string;

  beforeAll(async () => {
    run = testRun();
    server = await fixture.start();
    source = server.source;
    await server.seed();
    before = await server.content(source);
    saved = await save(engine.dump(run, source));
  }, 60_000);

  afterAll(async () => {
    await server.stop();
    await run.dispose();
  });

  const request = (mode: 'replace' | 'trial', suffix: string) => ({
    mode,
    suffix,
    expected: saved.fingerprint,
    server: saved.server,
  });

  test('probe tells product, version and tools', async () => {
    const info = await engine.probe(run, source);
    expect(fixture.products ?? [engine.title]).toContain(info.product);
    expect(info.version).toMatch(/^\d+\.\d+/);
    expect(saved.server).toEqual(info);
  });

  test('a dump changes nothing, and its fingerprint is that of the live data', async () => {
    expect(await server.content(source)).toBe(before);
    expect(await engine.fingerprint(run, source, run.now())).toEqual(saved.fingerprint);
    expect(Object.keys(saved.fingerprint).length).toBeGreaterThan(3);
  });

  test.each([1, 7, 65_521, 1 << 24])(
    'inspect counts what was dumped, in chunks of %i bytes',
    async (size) => {
      const small = size < 100 && saved.entries.some(({ bytes }) => bytes.length > 1 << 18) ? 997 : size;
      const found = await engine.inspect(run, replay(saved, small));
      expect(found).toEqual(saved.fingerprint);
    },
  );

  test.each(fixture.hostile)('inspect finds $title', async ({ alter }) => {
    await expect(engine.inspect(run, replay(alter(saved)))).rejects.toEqual(failure('archive.damaged', /./));
  });

  test('a trial beside the live data leaves it alone, or is refused with the reason', async () => {
    const trial = engine.restore(run, source, replay(saved), request('trial', 'trial'));
    if (fixture.trialsBeside ?? engine.restoresBeside)
      expect((await trial).fingerprint).toEqual(saved.fingerprint);
    else await expect(trial).rejects.toEqual(failure('restore.refused', /scratch/));
    expect(await server.content(source)).toBe(before);
  });

  test('a scratch server takes the archive', async () => {
    const scratch = (await engine.scratch(run, saved.server))!;
    try {
      const restored = await engine.restore(run, scratch.source, replay(saved), request('replace', 'drill'));
      expect(restored.fingerprint).toEqual(saved.fingerprint);
      expect(await server.content(scratch.source)).toBe(before);
    } finally {
      await scratch.stop();
    }
    await expect(engine.probe(run, scratch.source)).rejects.toEqual(failure('source.unreachable', /./));
  }, 60_000);

  test('restore brings damaged data back, and undo the damage', async () => {
    await server.damage();
    const damaged = await server.content(source);
    expect(damaged).not.toBe(before);
    const restored = await engine.restore(run, source, replay(saved), request('replace', 'again'));
    expect(restored.fingerprint).toEqual(saved.fingerprint);
    expect(await server.content(source)).toBe(before);
    if (!fixture.undoEnvironment) return;
    expect(restored.kept).toBeDefined();
    await captureText('/bin/sh', ['-c', restored.undo!], { env: fixture.undoEnvironment(source) });
    expect(await server.content(source)).toBe(damaged);
    await engine.restore(run, source, replay(saved), request('replace', 'last'));
    expect(await server.content(source)).toBe(before);
  }, 60_000);

  test.each(fixture.hostile)('restore of $title changes nothing', async ({ alter }) => {
    const attempt = engine.restore(run, source, replay(alter(saved)), request('replace', 'hostile'));
    await expect(attempt).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/^(archive\.damaged|restore\.failed)$/) }),
    );
    expect(await server.content(source)).toBe(before);
  });

  test('an archive that breaks off is reported as such, and changes nothing', async () => {
    const cut = new BackupError('archive.damaged', 'segment 3 was altered');
    const attempt = engine.restore(run, source, broken(saved, cut), request('replace', 'cut'));
    await expect(attempt).rejects.toBe(cut);
    expect(await server.content(source)).toBe(before);
  });

  test('data that differs from the manifest is not put in the place of the live data', async () => {
    const expected = { ...saved.fingerprint, 'public.stolen': { rows: 1 } };
    const attempt = engine.restore(run, source, replay(saved), {
      ...request('replace', 'mismatch'),
      expected,
    });
    await expect(attempt).rejects.toEqual(
      failure('restore.mismatch', /public\.stolen rows: expected 1, found nothing/),
    );
    expect(await server.content(source)).toBe(before);
  });

  test('a wrong password is refused', async () => {
    await expect(engine.probe(run, fixture.withWrongPassword(source))).rejects.toEqual(
      failure('source.refused', /password|token/),
    );
    await expect(engine.dump(run, fixture.withWrongPassword(source))).rejects.toEqual(
      failure('source.refused', /password|token/),
    );
  });

  test('an abort ends a dump with an error', async () => {
    const controller = new AbortController();
    const dump = await engine.dump({ ...run, signal: controller.signal }, source);
    controller.abort();
    await expect(save(Promise.resolve(dump))).rejects.toThrow();
  });

  if (fixture.failsWhenCut !== false)
    test('a dump whose server goes away half-way fails', async () => {
      await server.enlarge();
      const dump = await engine.dump(run, source);
      const read = async () => {
        let cut = false;
        for await (const { content } of dump.entries)
          for await (const chunk of content) {
            if (cut || chunk.length < 1000) continue;
            cut = true;
            await server.cut();
          }
      };
      await expect(read()).rejects.toEqual(failure('dump.failed', /./));
      await dump.close();
    }, 60_000);

  test('a dump of nothing is a failure', async () => {
    await server.clear();
    await expect(save(engine.dump(run, source))).rejects.toEqual(failure('dump.empty', /./));
  });

  test('a server that is down is unreachable', async () => {
    await server.stop();
    await expect(engine.probe(run, source)).rejects.toEqual(failure('source.unreachable', /127\.0\.0\.1/));
  });
});
