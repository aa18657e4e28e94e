import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { RestoreScope, Source } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import {
  influxd2,
  startInfluxdb1,
  startInfluxdb2,
  type TestInfluxdb1,
  type TestInfluxdb2,
} from '../../kit/influxdb.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

/** What a shell, InfluxQL, Flux, CSV, Markdown or a terminal would make something of. */
const canary = 'grill-canary';
const tricks: readonly string[] = [
  'plain',
  '.hidden',
  '-db',
  'a"; DROP DATABASE canary; --',
  "a'; DROP DATABASE canary; --",
  `$(touch ${canary})`,
  `\`touch ${canary}\`; touch ${canary} #`,
  '${canary}',
  '") |> drop() //',
  ',result,table,_value,"',
  '| a | b |',
  '<script>alert(1)</script>',
  '%2F%00%2e%2e',
  'ünï ☃ 漢字',
  'ü'.repeat(40),
];

/** Names that 1.x and their escapes in line protocol take for measurements, tags and fields, and not for databases. */
const more = ['a/b', String.raw`c:\d\e`, 'line\nbreak', 'a,b=c d', '../../etc/passwd'];

/** Every second one; all of them where GRILL_WHOLE_FAMILIES is set. */
const sample = (names: readonly string[]): readonly string[] =>
  names.filter((_, index) => process.env.GRILL_WHOLE_FAMILIES || index % 2 === 1);

const escaped = (name: string): string => name.replaceAll(/[,= \n]/g, (character) => `\\${character}`);
const identifier = (name: string): string =>
  `"${name
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)}"`;

/** Of measurements, where a backslash before `=` would be part of the name. */
const escapedMeasurement = (name: string): string =>
  name.replaceAll(/[, \n]/g, (character) => `\\${character}`);

/** One point of which everything is named so. */
const line = (name: string): string =>
  `${escapedMeasurement(name)},${escaped(name)}=${escaped(name)} ${escaped(name)}="${name.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}",v=1 1000000000`;

describe('names that are text only', () => {
  let run: TestRun;

  beforeAll(() => {
    run = testRun();
  });

  afterAll(async () => {
    expect(existsSync(canary)).toBe(false);
    await run.dispose();
  });

  const restorer =
    (source: Source<InfluxdbConnection>) =>
    async (saved: Saved, suffix: string, scope: RestoreScope & { mode?: 'trial' | 'replace' } = {}) =>
      influxdb.restore(run, source, replay(saved), {
        ...{ mode: 'replace', suffix, expected: saved.fingerprint, server: saved.server },
        ...scope,
      });

  describe('InfluxDB 1.x', () => {
    let server: TestInfluxdb1;
    let source: Source<InfluxdbConnection>;
    let names: readonly string[];
    let saved: Saved;
    let before: string;

    const databases = async (): Promise<readonly string[]> =>
      (await server.query('SHOW DATABASES'))[0]!.values.map(([name]) => `${name}`).toSorted();

    /** Everything of the server, as it answers. */
    const content = async (): Promise<string> => {
      const found: unknown[] = [];
      for (const name of await databases()) {
        found.push(name, await server.query(`SHOW RETENTION POLICIES ON ${identifier(name)}`));
        found.push(
          await server.query(`SELECT * FROM ${identifier(name)}.${identifier(name)}./(?s).*/ GROUP BY *`),
        );
      }
      for (const what of ['CONTINUOUS QUERIES', 'SUBSCRIPTIONS', 'USERS'])
        found.push(...(await server.query(`SHOW ${what}`)).map((each) => JSON.stringify(each)).toSorted());
      for (const name of names) found.push(await server.query(`SHOW GRANTS FOR ${identifier(name)}`));
      return JSON.stringify(found, null, 1);
    };

    beforeAll(async () => {
      server = await startInfluxdb1();
      const { host, port, rpcPort } = server;
      source = { name: 'influxdb', connection: { host, port, rpcPort }, credentials: {} };
      names = [...sample(tricks).map((name) => name.replaceAll('/', '∕')), 'canary'];
      for (const name of names) {
        const id = identifier(name);
        await server.query(
          `CREATE DATABASE ${id}; CREATE RETENTION POLICY ${id} ON ${id} DURATION INF REPLICATION 1 DEFAULT`,
        );
        await server.query(`CREATE USER ${id} WITH PASSWORD 'x'; GRANT READ ON ${id} TO ${id}`);
        await server.query(
          `CREATE CONTINUOUS QUERY ${id} ON ${id} BEGIN SELECT mean(v) INTO ${id} FROM ${id} GROUP BY time(1h) END`,
        );
        await server.query(`CREATE SUBSCRIPTION ${id} ON ${id}.${id} DESTINATIONS ALL 'udp://127.0.0.1:1'`);
        await server.write(name, [name, ...more].map(line).join('\n'), name);
      }
      before = await content();
      saved = await save(influxdb.dump(run, source));
    }, 60_000);

    afterAll(() => server.stop());

    test('come back whole, and nothing of them is executed', async () => {
      expect(await content()).toBe(before);
      expect(Object.keys(await influxdb.inspect(run, replay(saved))).toSorted()).toEqual(
        Object.keys(saved.fingerprint).toSorted(),
      );
      for (const name of names) await server.query(`DROP DATABASE ${identifier(name)}`);
      const notes = (
        await influxdb.preview!(run, source, replay(saved), {
          ...{ mode: 'replace', suffix: 'p', expected: saved.fingerprint, server: saved.server },
        })
      ).notes;
      for (const note of notes) expect(note).not.toMatch(/\n/);
      await restorer(source)(saved, 'lost');
      expect(await content()).toBe(before);
      await restorer(source)(saved, 'live');
      expect(await content()).toBe(before);
    }, 120_000);

    test('work as parts, as new names, and in the way back', async () => {
      const { username = '', password = '' } = source.credentials;
      for (const name of names.filter((each) => /DROP|touch|hidden/.test(each))) {
        await restorer(source)(saved, 'into', { only: [name], into: `${name} 2` });
        expect(await databases()).toContain(`${name} 2`);
        await server.query(`DROP DATABASE ${identifier(`${name} 2`)}; DROP DATABASE ${identifier(name)}`);
        const { undo } = await restorer(source)(saved, 'only', { only: [name] });
        expect(await content()).toBe(before);
        await captureText('/bin/sh', ['-c', undo!], {
          env: { ...process.env, INFLUX_USERNAME: username, INFLUX_PASSWORD: password },
        });
        expect(await databases()).toEqual(names.filter((other) => other !== name).toSorted());
        await restorer(source)(saved, 'back', { only: [name] });
        expect(await content()).toBe(before);
      }
    }, 120_000);
  });

  const lane = influxd2 ? describe : describe.skip;
  lane(
    influxd2 ? 'InfluxDB 2.x' : 'InfluxDB 2.7 server (INFLUXD2 not set; in no Debian or npm package)',
    () => {
      let server: TestInfluxdb2;
      let source: Source<InfluxdbConnection>;
      let saved: Saved;
      let names: readonly string[];
      const orgs = new Map<string, string>();

      interface Named {
        readonly id: string;
        readonly name: string;
        readonly orgID: string;
        readonly type: string;
      }

      const buckets = async (): Promise<readonly Named[]> => {
        const found: Named[] = [];
        for (let offset = 0; ; offset += 100) {
          const path = `/api/v2/buckets?limit=100&offset=${offset}`;
          const page = (await server.api<{ buckets: readonly Named[] }>('GET', path)).buckets;
          found.push(...page.filter(({ type }) => type === 'user'));
          if (page.length < 100) return found;
        }
      };

      const content = async (): Promise<string> => {
        const found: string[] = [];
        for (const { id, name, orgID } of await buckets()) {
          const org = [...orgs].find(([, each]) => each === orgID)![0];
          const flux = `from(bucketID: "${id}") |> range(start: 1970-01-01T00:00:00Z) |> drop(columns: ["_start", "_stop"])`;
          const rows = (await server.query(flux, org))
            .replaceAll(/^,_result,\d+,/gm, '')
            .split('\r\n')
            .toSorted();
          if (!/_(before|undone)_/.test(name)) found.push(JSON.stringify([org, name, rows]));
        }
        return found.toSorted().join('\n');
      };

      beforeAll(async () => {
        server = await startInfluxdb2();
        const { host, port, token } = server;
        source = { name: 'influxdb', connection: { host, port, rpcPort: 8088 }, credentials: { token } };
        names = [...sample(tricks), ...more].filter((name) => !/["\n]/.test(name));
        const first = (await server.api<{ orgs: readonly Named[] }>('GET', '/api/v2/orgs')).orgs[0]!;
        orgs.set(first.name, first.id);
        for (const name of ['a', 'a/b', 'x" or "1"=="1', '${canary}', '%2F']) {
          const { id } = await server.api<Named>('POST', '/api/v2/orgs', { name });
          orgs.set(name, id);
        }
        // the same item, were the slash of an organization's name not told from the one that ends it
        for (const [org, name] of [
          ...names.map((each) => ['grill-stats', each]),
          ['a', 'b/c'],
          ['a/b', 'c'],
          ['x" or "1"=="1', '${canary}'],
          ['${canary}', 'x'],
          ['%2F', '%'],
        ] as const) {
          await server.api('POST', '/api/v2/buckets', { orgID: orgs.get(org), name });
          await server.write(name, [name, ...more].map(line).join('\n'), org);
        }
        for (const name of names) await server.api('POST', '/api/v2/dashboards', { orgID: first.id, name });
        saved = await save(influxdb.dump(run, source));
      }, 60_000);

      afterAll(() => server.stop());

      test('come back whole, and nothing of them is executed', async () => {
        const before = await content();
        expect(Object.keys(saved.fingerprint)).toHaveLength(names.length + 6);
        expect(Object.keys(await influxdb.inspect(run, replay(saved))).toSorted()).toEqual(
          Object.keys(saved.fingerprint).toSorted(),
        );
        await restorer(source)(saved, 'trial', { mode: 'trial' });
        expect(await content()).toBe(before);
        for (const { id } of await buckets()) await server.api('DELETE', `/api/v2/buckets/${id}`);
        for (const { notes } of [
          await influxdb.preview!(run, source, replay(saved), {
            ...{ mode: 'replace', suffix: 'p', expected: saved.fingerprint, server: saved.server },
          }),
          await restorer(source)(saved, 'lost'),
        ])
          for (const note of notes ?? []) expect(note).not.toMatch(/\n/);
        expect(await content()).toBe(before);
      }, 120_000);

      test('work as parts, as new names, and in the way back', async () => {
        const before = await content();
        for (const [org, name] of [
          ['a', 'b/c'],
          ['a/b', 'c'],
          ...names.filter((each) => /DROP|touch|canary/.test(each)).map((each) => ['grill-stats', each]),
        ] as const) {
          const only = [org.includes('/') ? 'a%2Fb/c' : `${org}/${name}`];
          const scoped = await restorer(source)(saved, 'only', { only });
          expect(Object.keys(scoped.fingerprint)).toEqual(only);
          expect(await content()).toBe(before);
          await captureText('/bin/sh', ['-c', scoped.undo!], {
            env: { ...process.env, INFLUX_TOKEN: server.token },
          });
          expect(await content()).toBe(before);
          await restorer(source)(saved, 'into', { only, into: `${name} 2` });
          const copy = (await buckets()).find((each) => each.name === `${name} 2`)!;
          await server.api('DELETE', `/api/v2/buckets/${copy.id}`);
        }
      }, 120_000);
    },
  );
});
