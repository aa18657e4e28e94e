import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { Restored, RestoreScope } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import { startFaultyProxy, type Fault } from '../../kit/faulty-proxy.ts';
import { influxd2, startInfluxdb2, type TestInfluxdb2 } from '../../kit/influxdb.ts';
import { sourceAt, token } from '../../kit/influxdb2-scenarios.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';
import { readings, totals } from '../../conformance/engines/influxdb-hostile.ts';
import { alterEntry, replay, save, saveWhile, type Saved } from '../../conformance/engines/saved.ts';

const lane = influxd2 ? describe : describe.skip;
const title = influxd2
  ? 'InfluxDB 2.x and what surrounds a restore'
  : 'InfluxDB 2.7 server (INFLUXD2 not set; in no Debian or npm package)';

const day = 86_400;
const ago = (days: number): string => `${Math.floor(Date.now() / 1000 - days * day)}000000000`;

/** 2.8 and newer may keep hashes of tokens. */
const hashing = ['--use-hashed-tokens'];
const hashes = influxd2 ? (await captureText(influxd2, ['--help'])).includes(hashing[0]!) : false;

interface Named {
  readonly id: string;
  readonly name: string;
  readonly retentionRules: readonly { readonly everySeconds: number }[];
}

interface Mapping {
  readonly id: string;
  readonly bucketID: string;
  readonly retention_policy: string;
  readonly default: boolean;
  readonly virtual?: boolean;
}

lane(title, () => {
  let run: TestRun;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(() => {
    run = testRun();
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
    await run.dispose();
  });

  const start = async (args: readonly string[] = []): Promise<TestInfluxdb2> => {
    const server = await startInfluxdb2({ token, args });
    stops.push(server.stop);
    return server;
  };
  const sourceOf = ({ host, port }: TestInfluxdb2) => sourceAt(host, port);
  const requestOf = (of: Saved, suffix: string, scope: RestoreScope = {}) =>
    ({ mode: 'replace', suffix, expected: of.fingerprint, server: of.server, ...scope }) as const;
  const restore = (on: TestInfluxdb2, of: Saved, suffix: string, scope: RestoreScope = {}) =>
    influxdb.restore(run, sourceOf(on), replay(of), requestOf(of, suffix, scope));
  const preview = (on: TestInfluxdb2, of: Saved, scope: RestoreScope = {}) =>
    influxdb.preview!(run, sourceOf(on), replay(of), requestOf(of, 'preview', scope));
  const orgID = async (on: TestInfluxdb2) =>
    (await on.api<{ orgs: readonly Named[] }>('GET', '/api/v2/orgs')).orgs[0]!.id;
  const buckets = async (on: TestInfluxdb2) =>
    (await on.api<{ buckets: readonly Named[] }>('GET', '/api/v2/buckets?limit=100')).buckets.filter(
      ({ name }) => !name.startsWith('_'),
    );
  const bucket = async (on: TestInfluxdb2, name: string) =>
    (await buckets(on)).find((each) => each.name === name)!;
  const names = async (on: TestInfluxdb2) => (await buckets(on)).map(({ name }) => name).toSorted();
  const create = async (on: TestInfluxdb2, name: string, seconds = 0, description = '') =>
    on.api<Named>('POST', '/api/v2/buckets', {
      ...{ orgID: await orgID(on), name, description },
      retentionRules: [{ type: 'expire', everySeconds: seconds }],
    });
  const count = async (on: TestInfluxdb2, name: string): Promise<number> => {
    const flux = `from(bucket: ${JSON.stringify(name)}) |> range(start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => r._field == "v") |> group() |> count()`;
    return Number(/,(\d+)\s*$/.exec((await on.query(flux)).trim())?.[1] ?? 0);
  };
  const mappings = async (on: TestInfluxdb2) =>
    (
      await on.api<{ content: readonly Mapping[] }>('GET', `/api/v2/dbrps?orgID=${await orgID(on)}`)
    ).content.filter(({ virtual }) => !virtual);
  const map = async (on: TestInfluxdb2, bucketID: string, policy: string, isDefault: boolean) =>
    on.api<Mapping>('POST', '/api/v2/dbrps', {
      ...{
        orgID: await orgID(on),
        bucketID,
        database: 'grill',
        retention_policy: policy,
        default: isDefault,
      },
    });
  const writeV1 = async (on: TestInfluxdb2, lines: string): Promise<number> => {
    const url = `http://${on.host}:${on.port}/write?db=grill&rp=probes`;
    return (await fetch(url, { method: 'POST', headers: { authorization: `Token ${token}` }, body: lines }))
      .status;
  };

  describe('retention that is over', () => {
    let saved: Saved;
    let eager: TestInfluxdb2;

    beforeAll(async () => {
      const server = await start();
      const { id } = await create(server, 'month');
      for (const days of [100, 60, 1]) await server.write('month', `old v=1 ${ago(days)}`);
      await server.api('PATCH', `/api/v2/buckets/${id}`, {
        retentionRules: [{ type: 'expire', everySeconds: 30 * day }],
      });
      saved = await save(influxdb.dump(run, sourceOf(server)));
      eager = await start(['--storage-retention-check-interval', '300ms']);
    }, 60_000);

    const expires = expect.stringMatching(
      /^bucket grill-stats\/month keeps its points for 30d: those before \S+Z were restored and found equal, and expire at the server's next check/,
    ) as unknown;

    test('nothing expires before it is proved, on a new server and a used one; the report says what is going to', async () => {
      expect((await preview(eager, saved)).notes).toEqual([
        expect.stringMatching(/^users and tokens/),
        expires,
      ]);
      for (const suffix of ['new', 'used']) {
        const restored = await restore(eager, saved, suffix);
        expect(restored.fingerprint).toEqual(saved.fingerprint);
        expect(restored.notes).toContainEqual(expires);
        expect((await bucket(eager, 'month')).retentionRules).toEqual([
          expect.objectContaining({ everySeconds: 30 * day }),
        ]);
        await until(async () => (await count(eager, 'month')) === 1);
      }
      expect((await preview(eager, saved)).notes).toContainEqual(expires);
    }, 60_000);

    test.each(['stopped', 'answer lost'])(
      'it is in force again after a restore of a new server that failed: %s',
      async (how) => {
        const server = await start();
        const stop = new AbortController();
        const entries = async function* () {
          for await (const entry of replay(saved)) {
            if (how === 'stopped' && entry.name.endsWith('.tar')) stop.abort();
            yield entry;
          }
        };
        const when = how === 'stopped' ? /^never/ : /^PATCH [^]*"everySeconds":7886594473/;
        const fault: Fault = { kind: 'cut', direction: 'response', afterBytes: 0, when };
        const proxy = await startFaultyProxy(`http://${server.host}:${server.port}`, () => fault);
        const through = sourceAt(server.host, Number(new URL(proxy.endpoint).port));
        const context = { ...run, signal: stop.signal };
        const restoring = influxdb.restore(context, through, entries(), requestOf(saved, 'failed'));
        await expect(restoring.finally(proxy.stop)).rejects.toThrow(/was stopped|socket hang up/);
        expect((await bucket(server, 'month')).retentionRules).toEqual([
          expect.objectContaining({ everySeconds: 30 * day }),
        ]);
      },
      60_000,
    );

    test('under a new name it is kept for ever', async () => {
      const scope = { only: ['month'], into: 'copy' };
      const note = ['bucket copy keeps its points forever; its retention is left out'];
      expect(await preview(eager, saved, scope)).toEqual({ hindrances: [], notes: note });
      expect((await restore(eager, saved, 'copy', scope)).notes).toEqual(note);
      await sleep(1000); // three checks of the server, which must find nothing
      expect(await count(eager, 'copy')).toBe(3);
      expect((await preview(eager, saved, scope)).hindrances).toEqual([
        { message: 'bucket copy already exists' },
      ]);
    }, 60_000);
  });

  describe('a server in use', () => {
    let source: TestInfluxdb2;
    let saved: Saved;

    const seed = async (on: TestInfluxdb2): Promise<void> => {
      const org = await orgID(on);
      await on.write('temperature', 'probe v=1 1000\nprobe v=2 2000');
      await on.api('POST', '/api/v2/tasks', {
        ...{ orgID: org, status: 'inactive' },
        flux: 'option task = {name: "hourly", every: 1h}\nfrom(bucket: "temperature") |> range(start: -1h)',
      });
      await on.api('POST', '/api/v2/dashboards', { orgID: org, name: 'smokers\n|evil' });
      await on.api('POST', '/api/v2/variables', {
        ...{ orgID: org, name: 'probe' },
        arguments: { type: 'constant', values: ['a'] },
      });
      await on.api('POST', '/api/v2/labels', { orgID: org, name: 'hot' });
      await on.api('PATCH', `/api/v2/orgs/${org}/secrets`, { key: 'never told' });
      await map(on, (await bucket(on, 'temperature')).id, 'probes', true);
    };

    beforeAll(async () => {
      source = await start();
      await seed(source);
      saved = await save(influxdb.dump(run, sourceOf(source)));
      expect(saved.entries[0]!.bytes.toString()).not.toContain('never told');
    }, 60_000);

    test('what does not come back is listed by the dry run and by the report', async () => {
      const used = await start();
      await used.write('temperature', 'probe v=3 3000');
      const expected = [
        'users, tokens, tasks, dashboards and everything else of the server stay as they are; only buckets are restored',
        'not restored, as the server is in use, of kind task: grill-stats/hourly',
        String.raw`not restored, as the server is in use, of kind dashboard: "grill-stats/smokers\n|evil"`,
        'not restored, as the server is in use, of kind variable: grill-stats/probe',
        'not restored, as the server is in use, of kind label: grill-stats/hot',
        'not restored, as the server is in use, of kind DBRP mapping: grill-stats/grill/probes',
        'not restored, as the server is in use, of kind secret: grill-stats/key',
      ];
      expect((await preview(used, saved)).notes).toEqual([
        ...expected,
        'kept under another name: temperature',
      ]);
      expect((await restore(used, saved, 'used')).notes).toEqual(expected);
    }, 60_000);

    test.each(['variable', 'label', 'mapping', 'secret', 'bucket'])(
      'one with nothing but a %s is no new one: it is kept',
      async (what) => {
        const used = await start();
        const org = await orgID(used);
        if (what === 'variable')
          await used.api('POST', '/api/v2/variables', {
            ...{ orgID: org, name: 'mine' },
            arguments: { type: 'constant', values: ['a'] },
          });
        if (what === 'label') await used.api('POST', '/api/v2/labels', { orgID: org, name: 'mine' });
        if (what === 'mapping') await map(used, (await bucket(used, 'temperature')).id, 'mine', true);
        if (what === 'secret') await used.api('PATCH', `/api/v2/orgs/${org}/secrets`, { mine: 'x' });
        if (what === 'bucket') await create(used, 'mine');
        const { notes } = await restore(used, saved, 'kept');
        expect(notes).toContainEqual(expect.stringMatching(/only buckets are restored$/));
        const list = JSON.stringify([
          await used.api('GET', `/api/v2/variables?orgID=${org}`),
          await used.api('GET', `/api/v2/labels?orgID=${org}`),
          await used.api('GET', `/api/v2/orgs/${org}/secrets`),
          await mappings(used),
          await names(used),
        ]);
        expect(list).toContain('mine');
      },
      60_000,
    );

    test('DBRP mappings follow: writes of the v1 API reach the restored bucket; undo brings them back', async () => {
      const used = await start();
      await seed(used);
      const old = await bucket(used, 'temperature');
      await used.write('temperature', 'probe v=3 3000');
      const scope = { only: ['temperature'] };
      expect((await preview(used, saved, scope)).notes).toContain(
        'DBRP mappings will point to the restored bucket: grill/probes',
      );
      let written: { undo?: string } = {};
      const restored = await influxdb.restore(run, sourceOf(used), replay(saved), {
        ...requestOf(saved, '20240101_020000', scope),
        beforeSwap: async (replaced) => {
          written = replaced;
          expect(await names(used)).toContain('temperature_restore_20240101_020000');
        },
      });
      expect(written.undo).toMatch(/^curl/);
      expect(restored.notes).toEqual([
        'DBRP mapping grill/probes points to the restored bucket temperature now',
      ]);
      expect((await mappings(used)).map(({ bucketID }) => bucketID)).toEqual([
        (await bucket(used, 'temperature')).id,
      ]);
      expect(await writeV1(used, 'probe v=9 9000')).toBe(204);
      expect([
        await count(used, 'temperature'),
        await count(used, 'temperature_before_20240101_020000'),
      ]).toEqual([3, 3]);
      expect((await influxdb.leftovers!(run, sourceOf(used))).map(({ name, kind }) => [name, kind])).toEqual([
        ['bucket temperature_before_20240101_020000', 'kept'],
      ]);
      await captureText('/bin/sh', ['-c', restored.undo!], { env: { INFLUX_TOKEN: token } });
      expect((await bucket(used, 'temperature')).id).toBe(old.id);
      expect((await mappings(used)).map(({ bucketID }) => bucketID)).toEqual([old.id]);
      expect(await writeV1(used, 'probe v=10 10000')).toBe(204);
      expect(await count(used, 'temperature')).toBe(4);
    }, 60_000);

    /** A restore whose calls that look like this lose the request, or its answer. */
    const restoreThrough = async (
      on: TestInfluxdb2,
      when: RegExp,
      direction: 'request' | 'response',
    ): Promise<Restored> => {
      const fault: Fault = { kind: 'cut', direction, afterBytes: 0, when };
      const proxy = await startFaultyProxy(`http://${on.host}:${on.port}`, () => fault);
      const through = sourceAt(on.host, Number(new URL(proxy.endpoint).port));
      const request = requestOf(saved, '20240101_020000', { only: ['temperature'] });
      return influxdb.restore(run, through, replay(saved), request).finally(proxy.stop);
    };

    test.each([
      ['POST', 'request'],
      ['DELETE', 'request'],
      ['PATCH', 'request'],
      ['POST', 'response'],
      ['PATCH', 'response'],
    ] as const)(
      'a DBRP mapping that cannot follow (%s, %s lost) is a note: the restored bucket stays in place, the replaced one beside it',
      async (method, direction) => {
        const used = await start();
        await seed(used);
        await used.write('temperature', 'probe v=3 3000');
        const { notes } = await restoreThrough(used, new RegExp(`^${method} /api/v2/dbrps`), direction);
        expect(notes).toEqual([
          expect.stringMatching(
            /^DBRP mapping grill\/probes may not point to the restored bucket temperature, as a call failed; see influx v1 dbrp list/,
          ),
        ]);
        const kept = 'temperature_before_20240101_020000';
        expect([await count(used, 'temperature'), await count(used, kept)]).toEqual([2, 3]);
        expect(await names(used)).toEqual(['temperature', kept]);
      },
      60_000,
    );

    test.each(['temperature_before_20240101_020000', 'temperature'])(
      'a bucket that was named %s although its answer was lost: all names are given back, what was live is whole',
      async (name) => {
        const used = await start();
        const live = await bucket(used, 'temperature');
        await used.write('temperature', 'probe v=3 3000');
        const when = new RegExp(`^PATCH /api/v2/buckets/[^]*"name":"${name}"`);
        await expect(restoreThrough(used, when, 'response')).rejects.toThrow(/socket hang up|ECONNRESET/);
        expect(await names(used)).toEqual(['temperature']);
        expect([(await bucket(used, 'temperature')).id, await count(used, 'temperature')]).toEqual([
          live.id,
          1,
        ]);
      },
      60_000,
    );

    test('an archive of hashed tokens only, and a target whose token is none of them: refused before anything is sent', async () => {
      const fresh = await start();
      const hashed = alterEntry(saved, 'kv.bolt', (bytes) =>
        Buffer.concat([
          Buffer.from(bytes.toString('latin1').replaceAll(token, 'x'.repeat(token.length)), 'latin1'),
          Buffer.from('"hashedToken":"$influxdb2-sha256$AAAA"'),
        ]),
      );
      const message = expect.stringMatching(/hashes of its tokens only.*influx setup --token/) as unknown;
      expect((await preview(fresh, hashed)).hindrances).toEqual([{ message }]);
      await expect(restore(fresh, hashed, 'hashed')).rejects.toEqual(
        expect.objectContaining({ code: 'restore.refused', message }),
      );
      expect(await names(fresh)).toEqual(['temperature']);
      const scratch = (await influxdb.scratch(run, saved.server))!;
      stops.push(scratch.stop);
      const listed = influxdb.restore(run, scratch.source, replay(hashed), requestOf(saved, 'drill'));
      // the altered store does not match the list of files: all else was done
      await expect(listed).rejects.toThrow(/kv\.bolt has \d+ bytes|kv\.bolt was altered/);
    }, 60_000);
  });

  test('a bucket that is deleted while it is dumped: the archive is restored to what it holds', async () => {
    const server = await start();
    const fill = async (name: string) => {
      const made = await create(server, name);
      for (const days of [1, 50, 100]) await server.write(name, `old v=1 ${ago(days)}`);
      return made;
    };
    const refill = () => fill('b');
    await fill('a');
    await server.write('temperature', readings('temperature', 10));
    for (const ending of ['sql.sqlite', '.tar']) {
      const doomed = (await bucket(server, 'b')) ?? (await refill());
      const saved = await saveWhile(influxdb.dump(run, sourceOf(server)), ending, async () => {
        await server.api('DELETE', `/api/v2/buckets/${doomed.id}`);
      });
      expect(totals(saved.fingerprint['grill-stats/a'])).toMatchObject({ float: 3 });
      const restored = await influxdb.restore(run, sourceOf(server), replay(saved), {
        ...requestOf(saved, `gone${ending.replaceAll('.', '')}`),
        mode: 'trial',
      });
      expect(restored.fingerprint).toEqual(saved.fingerprint);
      const fresh = await start();
      expect((await restore(fresh, saved, 'whole')).fingerprint).toEqual(saved.fingerprint);
    }
    expect(await names(server)).toEqual(['a', 'temperature']);
  }, 120_000);

  (hashes ? test : test.skip)(
    'a server that hashes its tokens comes back to a target that knows its token, and is refused to any other',
    async () => {
      const server = await start(hashing);
      await server.write('temperature', readings('temperature', 10));
      const saved = await save(influxdb.dump(run, sourceOf(server)));
      expect((await restore(await start(hashing), saved, 'known')).fingerprint).toEqual(saved.fingerprint);
      const other = await startInfluxdb2({ token: 'a token that the backup does not hold', args: hashing });
      stops.push(other.stop);
      const target = { ...sourceOf(other), credentials: { token: other.token } };
      await expect(influxdb.restore(run, target, replay(saved), requestOf(saved, 'other'))).rejects.toThrow(
        /hashes of its tokens only/,
      );
      await other.write('temperature', 'still here=1 1');
      const scratch = (await influxdb.scratch(run, saved.server))!;
      stops.push(scratch.stop);
      const drilled = await influxdb.restore(run, scratch.source, replay(saved), requestOf(saved, 'drill'));
      expect(drilled.fingerprint).toEqual(saved.fingerprint);
      expect(drilled.notes).toEqual([expect.stringMatching(/tasks and dashboards were not tested$/)]);
    },
    60_000,
  );

  test('what a killed restore left is put right by the next run', async () => {
    const server = await start();
    const mark = 'grill-backup: not restored to its end';
    const suffix = '20240101_020000';
    await server.write('temperature', 'probe v=1 1000');
    // killed between the two names, and while it filled another one
    const live = await bucket(server, 'temperature');
    await server.api('PATCH', `/api/v2/buckets/${live.id}`, { name: `temperature_before_${suffix}` });
    await create(server, `temperature_restore_${suffix}`, 0, mark);
    await create(server, `month_restore_${suffix}`, 0, mark);
    await create(server, `mine_restore_${suffix}`);
    // killed between suspending and resuming retention
    const years = 250 * 365 * day;
    await create(server, 'month', years + 30 * day + 2473);
    // somebody's own
    await create(server, 'centuries', years + 30 * day);
    // killed while it pointed a mapping elsewhere: both are there, or one only
    const month = await bucket(server, 'month');
    await map(server, live.id, 'probes', true);
    await map(server, month.id, `probes_restore_${suffix}`, false);
    await map(server, month.id, `other_restore_${suffix}`, false);
    expect((await influxdb.leftovers!(run, sourceOf(server))).map(({ name, kind }) => [name, kind])).toEqual(
      expect.arrayContaining([
        [`bucket temperature_restore_${suffix}`, 'unfinished'],
        [`bucket month_restore_${suffix}`, 'unfinished'],
        [`bucket temperature_before_${suffix}`, 'kept'],
      ]),
    );
    await influxdb.recover!(run, sourceOf(server));
    expect(await names(server)).toEqual(['centuries', `mine_restore_${suffix}`, 'month', 'temperature']);
    expect((await bucket(server, 'temperature')).id).toBe(live.id);
    expect((await bucket(server, 'month')).retentionRules).toEqual([
      expect.objectContaining({ everySeconds: 30 * day }),
    ]);
    expect((await bucket(server, 'centuries')).retentionRules).toEqual([
      expect.objectContaining({ everySeconds: years + 30 * day }),
    ]);
    const left = (await mappings(server)) as readonly (Mapping & {
      retention_policy: string;
      default: boolean;
    })[];
    expect(left.map((each) => [each.retention_policy, each.bucketID, each.default]).toSorted()).toEqual([
      ['other', month.id, false],
      ['probes', month.id, true],
    ]);
    await influxdb.recover!(run, sourceOf(server));
    expect(await mappings(server)).toEqual(left);
  }, 60_000);
});
