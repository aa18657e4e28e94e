import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { Fingerprint, Source } from '../../../runtime/src/engines/engine.ts';
import { influxd2, startInfluxdb1, startInfluxdb2 } from '../../kit/influxdb.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { totals } from '../../conformance/engines/influxdb-hostile.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

/** What both generations do in their own ways. */
interface Lane {
  readonly source: Source<InfluxdbConnection>;
  /** Writes to a database or bucket that is made for it. */
  readonly write: (name: string, lines: string) => Promise<void>;
  /** Deletes points of a measurement from a time on, both in nanoseconds. */
  readonly remove: (name: string, measurement: string, from: bigint) => Promise<void>;
  /** Item of the fingerprint. */
  readonly item: (name: string) => string;
  /** What earlier versions counted of 40 floats in one shard and 70 integers in the next, of two series. */
  readonly counted: Fingerprint[string];
  readonly stop: () => Promise<void>;
}

const start1 = async (): Promise<Lane> => {
  const { host, port, rpcPort, ...server } = await startInfluxdb1();
  return {
    source: { name: 'influxdb', connection: { host, port, rpcPort }, credentials: {} },
    write: async (name, lines) => {
      await server.query(`CREATE DATABASE "${name}"`);
      await server.write(name, lines);
    },
    remove: async (name, measurement, from) => {
      await server.query(`DELETE FROM "${measurement}" WHERE time >= ${from}`, name);
    },
    item: (name) => `${name}/autogen`,
    counted: { series: 2, points: 110, integer: 1 },
    stop: server.stop,
  };
};

const start2 = async (): Promise<Lane> => {
  const { host, port, token, ...server } = await startInfluxdb2();
  const { orgs } = await server.api<{ orgs: { id: string }[] }>('GET', '/api/v2/orgs');
  const made = new Set<string>();
  return {
    source: { name: 'influxdb', connection: { host, port, rpcPort: 8088 }, credentials: { token } },
    write: async (name, lines) => {
      if (!made.has(name)) await server.api('POST', '/api/v2/buckets', { orgID: orgs[0]!.id, name });
      made.add(name);
      await server.write(name, lines);
    },
    remove: async (name, measurement, from) => {
      const start = new Date(Number(from / 1_000_000n)).toISOString();
      const body = { start, stop: '2262-01-01T00:00:00Z', predicate: `_measurement="${measurement}"` };
      await server.api('POST', `/api/v2/delete?org=grill-stats&bucket=${name}`, body);
    },
    item: (name) => `grill-stats/${name}`,
    counted: { series: 2, points: 40, float: 1 },
    stop: server.stop,
  };
};

const week = 604_800n * 1_000_000_000n;
/** A Monday, on which shards of a week begin. */
const monday = 1_735_516_800n * 1_000_000_000n;
const second = monday + week;

const values = {
  float: (n: number) => `${n}.5`,
  integer: (n: number) => `${n}i`,
  string: (n: number) => `"t${n}"`,
  boolean: (n: number) => (n % 2 === 0 ? 'true' : 'false'),
} as const;

type Type = keyof typeof values;

const types = Object.keys(values) as Type[];
const allPairs = types.flatMap((one) =>
  types.filter((other) => other !== one).map((other) => [one, other] as const),
);

/** A sample; all of them where GRILL_WHOLE_FAMILIES is set. */
const pairs = process.env.GRILL_WHOLE_FAMILIES
  ? allPairs
  : ([
      ['float', 'integer'],
      ['integer', 'float'],
      ['float', 'string'],
      ['boolean', 'integer'],
    ] as const);

/** `count` points of field `v`, a minute apart. */
const points = (measurement: string, type: Type, from: bigint, count: number): string =>
  Array.from(
    { length: count },
    (_, n) =>
      `${measurement},probe=${'ab'[n % 2]} v=${values[type](n)} ${from + BigInt(n) * 60_000_000_000n}`,
  ).join('\n');

const lanes = [
  { title: 'InfluxDB 1.x', start: start1, lane: describe },
  {
    title: influxd2 ? 'InfluxDB 2.x' : 'InfluxDB 2.7 server (INFLUXD2 not set; in no Debian or npm package)',
    start: start2,
    lane: influxd2 ? describe : describe.skip,
  },
];

for (const { title, start, lane } of lanes)
  lane(title, () => {
    let run: TestRun;
    let on: Lane;
    let saved: Saved;
    const countNow = (): Promise<Fingerprint> => influxdb.fingerprint(run, on.source, run.now());
    const restored = (of: Saved, expected: Fingerprint) =>
      influxdb.restore(run, on.source, replay(of), {
        mode: 'trial',
        suffix: 'trial',
        expected,
        server: of.server,
      });

    beforeAll(async () => {
      run = testRun();
      on = await start();
      for (const [one, other] of pairs) {
        await on.write(`${one}_${other}`, points('m', one, monday, 40));
        await on.write(`${one}_${other}`, points('m', other, second, 70));
      }
      saved = await save(influxdb.dump(run, on.source));
    }, 120_000);

    afterAll(async () => {
      await on.stop();
      await run.dispose();
    });

    test.each(pairs)('%s in one shard and %s in the next: both are counted', (one, other) => {
      const measures = saved.fingerprint[on.item(`${one}_${other}`)]!;
      expect(totals(measures)).toMatchObject({ points: 110, [one]: 40, [other]: 70 });
      expect(measures).toMatchObject({
        [`2024-12-30T00:00:00Z ${one}`]: 40,
        [`2025-01-06T00:00:00Z ${other}`]: 70,
      });
    });

    test('what is lost of either type is a difference', async () => {
      expect((await restored(saved, saved.fingerprint)).fingerprint).toEqual(saved.fingerprint);
      const item = on.item('float_string');
      const expected = {
        ...saved.fingerprint,
        [item]: { ...saved.fingerprint[item], '2025-01-06T00:00:00Z string': 100 },
      };
      await expect(restored(saved, expected)).rejects.toEqual(
        expect.objectContaining({
          code: 'restore.mismatch',
          message: `restored data differs: ${item} 2025-01-06T00:00:00Z string: expected 100, found 70`,
        }),
      );
    }, 60_000);

    test.each(pairs)(
      'the other type is deleted in part, %s then %s: the count sees it',
      async (one, other) => {
        const name = `${one}_${other}`;
        await on.remove(name, 'm', second + 40n * 60_000_000_000n);
        const counted = (await countNow())[on.item(name)];
        expect(totals(counted)).toMatchObject({ points: 80, [one]: 40, [other]: 40 });
      },
    );

    test('archives of earlier versions, which counted fields by type, still compare', async () => {
      const counted = Object.entries(saved.fingerprint).filter(([item]) => /float_integer/.test(item));
      expect(counted).toHaveLength(1);
      const [[item]] = counted as [[string, unknown]];
      const scope = {
        only: [item.replace('/autogen', '')],
        mode: 'trial',
        suffix: 'old',
        server: saved.server,
      } as const;
      const old = (fields: Fingerprint[string]) =>
        influxdb.restore(run, on.source, replay(saved), { ...scope, expected: { [item]: fields } });
      expect((await old(on.counted)).fingerprint).toEqual({ [item]: on.counted });
      await expect(old({ ...on.counted, points: 9 })).rejects.toThrow(/points: expected 9,/);
    }, 60_000);

    test('points of other centuries and of the future, and names with newlines, are counted and come back', async () => {
      const name = 'edges';
      const future = BigInt(Date.now() + 86_400_000 * 30) * 1_000_000n;
      const lines = [
        'm v=1 -8900000000000000000',
        'm v=2 8900000000000000000',
        String.raw`odd\ name,tag\,\ key=a\=b field\ one=1`,
        'line\\\nbreak v=1,w="a\nb" 1000',
        '_internal,_field2=x _value=1 1000',
        'same,v=x v=1 1000',
        `future v=1 ${future}\nfuture v=2 ${future + 1n}`,
      ];
      for (const line of lines) await on.write(name, line);
      const edges = await save(influxdb.dump(run, on.source));
      const measures = edges.fingerprint[on.item(name)];
      expect(totals(measures)).toMatchObject({ float: 8, string: 1 });
      expect((await restored(edges, edges.fingerprint)).fingerprint).toEqual(edges.fingerprint);
    }, 60_000);
  });
