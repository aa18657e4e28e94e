import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import { captureText } from '../../kit/capture.ts';
import { influxd2, startInfluxdb2, type TestInfluxdb2 } from '../../kit/influxdb.ts';
import { sourceAt, token } from '../../kit/influxdb2-scenarios.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { readings, totals } from '../../conformance/engines/influxdb-hostile.ts';
import { replay, save, saveWhile, type Saved } from '../../conformance/engines/saved.ts';

const lane = influxd2 ? describe : describe.skip;
const title = influxd2
  ? 'InfluxDB 2.x'
  : 'InfluxDB 2.7 server (INFLUXD2 not set; in no Debian or npm package)';

const day = 86_400;

interface Named {
  readonly id: string;
  readonly name: string;
}

const orgIdOf = async (server: TestInfluxdb2, name: string): Promise<string> => {
  const { orgs } = await server.api<{ orgs: readonly Named[] }>('GET', '/api/v2/orgs');
  return orgs.find((org) => org.name === name)!.id;
};

const bucketsOf = async (server: TestInfluxdb2) =>
  (
    await server.api<{
      buckets: readonly (Named & { orgID: string; retentionRules: { everySeconds: number }[] })[];
    }>('GET', '/api/v2/buckets?limit=100')
  ).buckets;

const createBucket = async (
  server: TestInfluxdb2,
  org: string,
  name: string,
  days: number,
): Promise<string> => {
  const retentionRules = days === 0 ? [] : [{ type: 'expire', everySeconds: days * day }];
  const body = { orgID: await orgIdOf(server, org), name, retentionRules };
  return (await server.api<Named>('POST', '/api/v2/buckets', body)).id;
};

/** All points of a bucket by Flux, as sorted lines: nothing of the engine under test. */
const points = async (server: TestInfluxdb2, bucket: string, org: string): Promise<string> => {
  const flux = `from(bucket: "${bucket}") |> range(start: -200y) |> drop(columns: ["_start", "_stop"])`;
  const lines = (await server.query(flux, org))
    .split('\r\n')
    .map((line) => line.replace(/^,_result,\d+,/, ''));
  return lines
    .filter((line) => line !== '')
    .toSorted()
    .join('\n');
};

const authorize = async (server: TestInfluxdb2, org: string, description: string, bucket?: string) => {
  const resource = bucket === undefined ? { type: 'buckets' } : { type: 'buckets', id: bucket };
  const permissions = ['read', 'write'].map((action) => ({ action, resource }));
  const body = { orgID: await orgIdOf(server, org), description, permissions };
  return (await server.api<{ token: string }>('POST', '/api/v2/authorizations', body)).token;
};

const writeAs = async (server: TestInfluxdb2, as: string, bucket: string, lines: string): Promise<number> => {
  const url = `http://${server.host}:${server.port}/api/v2/write?org=grill-stats&bucket=${bucket}`;
  const headers = { authorization: `Token ${as}` };
  return (await fetch(url, { method: 'POST', headers, body: lines })).status;
};

lane(title, () => {
  let run: TestRun;
  let server: TestInfluxdb2;
  let saved: Saved;
  let gateway: string;
  const stops: (() => Promise<void>)[] = [];
  const contents = new Map<string, string>();
  const all = [
    ['temperature', 'grill-stats'],
    ['month', 'grill-stats'],
    ['temperature', 'catering'],
  ] as const;

  const start = async (org: string): Promise<TestInfluxdb2> => {
    const started = await startInfluxdb2({ token, org, bucket: 'temperature' });
    stops.push(started.stop);
    return started;
  };
  const sourceOf = ({ host, port }: TestInfluxdb2) => sourceAt(host, port);
  const request = (suffix: string, of: Saved = saved) =>
    ({ mode: 'replace', suffix, expected: of.fingerprint, server: of.server }) as const;

  beforeAll(async () => {
    run = testRun();
    server = await start('grill-stats');
    await server.api('POST', '/api/v2/orgs', { name: 'catering' });
    await createBucket(server, 'grill-stats', 'month', 30);
    await createBucket(server, 'catering', 'temperature', 7);
    await server.write('temperature', readings('temperature', 4000));
    await server.write('month', readings('hourly', 2000));
    await server.write('temperature', readings('temperature', 500), 'catering');
    const orgID = await orgIdOf(server, 'grill-stats');
    const flux =
      'option task = {name: "hourly", every: 1h}\nfrom(bucket: "temperature") |> range(start: -1h)';
    await server.api('POST', '/api/v2/tasks', { orgID, flux, status: 'inactive' });
    await server.api('POST', '/api/v2/dashboards', { orgID, name: 'smokers' });
    const { id } = (await bucketsOf(server)).find(
      (bucket) => bucket.name === 'temperature' && bucket.orgID === orgID,
    )!;
    gateway = await authorize(server, 'grill-stats', 'probe gateway', id);
    saved = await save(influxdb.dump(run, sourceOf(server)));
    for (const [bucket, org] of all) contents.set(`${org}/${bucket}`, await points(server, bucket, org));
  }, 60_000);

  afterAll(async () => {
    for (const stop of stops) await stop();
    await run.dispose();
  });

  test('counts every bucket of every organization', () => {
    const counted = Object.entries(saved.fingerprint).map(([item, measures]) => [item, totals(measures)]);
    expect(Object.fromEntries(counted)).toEqual({
      'grill-stats/temperature': { series: 8, points: 8000, float: 4000, integer: 4000 },
      'grill-stats/month': { series: 8, points: 4000, float: 2000, integer: 2000 },
      'catering/temperature': { series: 8, points: 1000, float: 500, integer: 500 },
    });
  });

  test('a server fresh from its setup becomes the saved one: organizations, tasks, dashboards, tokens, points', async () => {
    const fresh = await start('fresh');
    const restored = await influxdb.restore(run, sourceOf(fresh), replay(saved), request('full'));
    expect(restored).toEqual({
      fingerprint: saved.fingerprint,
      notes: [
        expect.stringMatching(/^users and tokens of the server are now those of the backup; restart influxd/),
      ],
    });
    for (const [bucket, org] of all)
      expect(await points(fresh, bucket, org)).toBe(contents.get(`${org}/${bucket}`));
    const namesOf = async (of: TestInfluxdb2, what: string) =>
      (await of.api<Record<string, readonly Named[]>>('GET', `/api/v2/${what}`))[what]!.map(
        ({ id, name }) => [id, name],
      );
    for (const what of ['orgs', 'users', 'tasks', 'dashboards', 'buckets'])
      expect(await namesOf(fresh, what)).toEqual(await namesOf(server, what));
    expect(await writeAs(fresh, gateway, 'temperature', 'after,probe=x celsius=1')).toBe(204);
    expect(await writeAs(fresh, gateway, 'month', 'after,probe=x celsius=1')).toBe(403);
  }, 60_000);

  test('a server in use gets the buckets and keeps everything else', async () => {
    const used = await start('grill-stats');
    await createBucket(used, 'grill-stats', 'orders', 0);
    await used.write('orders', readings('orders', 100));
    await used.write('temperature', readings('stale', 10));
    const { id } = (await bucketsOf(used)).find(({ name }) => name === 'temperature')!;
    await authorize(used, 'grill-stats', 'old gateway', id);
    const orders = await points(used, 'orders', 'grill-stats');
    const restored = await influxdb.restore(run, sourceOf(used), replay(saved), request('single'));
    expect(restored.fingerprint).toEqual(saved.fingerprint);
    expect(restored.kept).toMatch(/^buckets temperature_before_single; tokens bound .*: old gateway$/);
    for (const [bucket, org] of all)
      expect(await points(used, bucket, org)).toBe(contents.get(`${org}/${bucket}`));
    expect(await points(used, 'orders', 'grill-stats')).toBe(orders);
    expect((await points(used, 'temperature_before_single', 'grill-stats')).split('\n')).toHaveLength(22);
    const retention = (await bucketsOf(used)).map(({ name, retentionRules: [rule] }) => [
      name,
      rule!.everySeconds,
    ]);
    expect(retention).toEqual(expect.arrayContaining([['month', 30 * day]]));
    expect(retention).toEqual(expect.arrayContaining([['temperature', 0]]));
    expect(retention).toEqual(expect.arrayContaining([['temperature', 7 * day]]));
    expect((await used.api<{ tasks: readonly Named[] }>('GET', '/api/v2/tasks')).tasks).toEqual([]);
  }, 60_000);

  test('a single bucket takes the place of its namesake, with the way back; others are left alone', async () => {
    const used = await start('grill-stats');
    await used.write('temperature', readings('stale', 10));
    await createBucket(used, 'grill-stats', 'month', 7);
    await used.write('month', readings('stale', 10));
    const before = [
      await points(used, 'month', 'grill-stats'),
      await points(used, 'temperature', 'grill-stats'),
    ];
    const scope = { only: ['grill-stats/temperature'] };
    const restored = await influxdb.restore(run, sourceOf(used), replay(saved), {
      ...request('part'),
      ...scope,
    });
    const item = 'grill-stats/temperature';
    expect(restored.fingerprint).toEqual({ [item]: saved.fingerprint[item] });
    expect(await points(used, 'temperature', 'grill-stats')).toBe(contents.get(item));
    expect(await points(used, 'month', 'grill-stats')).toBe(before[0]);
    expect((await bucketsOf(used)).map(({ name }) => name).toSorted()).toEqual([
      ...['_monitoring', '_tasks', 'month', 'temperature', 'temperature_before_part'],
    ]);
    await captureText('/bin/sh', ['-c', restored.undo!], { env: { INFLUX_TOKEN: token } });
    expect(await points(used, 'temperature', 'grill-stats')).toBe(before[1]);
  }, 60_000);

  test('a single bucket comes back under a new name, for ever, also on a fresh server', async () => {
    const fresh = await start('grill-stats');
    const copy = (only: string, into: string) =>
      influxdb.restore(run, sourceOf(fresh), replay(saved), { ...request('new'), only: [only], into });
    expect(await copy('month', 'copy')).toEqual({
      fingerprint: { 'grill-stats/month': saved.fingerprint['grill-stats/month'] },
      notes: ['bucket copy keeps its points forever; its retention is left out'],
    });
    expect(await points(fresh, 'copy', 'grill-stats')).toBe(contents.get('grill-stats/month'));
    const { retentionRules } = (await bucketsOf(fresh)).find(({ name }) => name === 'copy')!;
    expect(retentionRules).toEqual([expect.objectContaining({ everySeconds: 0 })]);
    const refused = (message: string) => expect.objectContaining({ code: 'restore.refused', message });
    await expect(copy('month', 'copy')).rejects.toEqual(refused('bucket copy already exists'));
    await expect(copy('temperature', 'other')).rejects.toEqual(
      refused(
        'the archive holds several temperature; name one of catering/temperature, grill-stats/temperature',
      ),
    );
    await expect(copy('_tasks', 'other')).rejects.toEqual(
      refused(
        'the archive holds no _tasks, but catering/temperature, grill-stats/month, grill-stats/temperature',
      ),
    );
    expect((await bucketsOf(fresh)).map(({ name }) => name).toSorted()).toEqual([
      ...['_monitoring', '_tasks', 'copy', 'temperature'],
    ]);
  }, 60_000);

  test('a token for all buckets is refused, and the message names the one that is needed', async () => {
    const lesser = {
      ...sourceOf(server),
      credentials: { token: await authorize(server, 'grill-stats', 'all') },
    };
    await expect(influxdb.dump(run, lesser)).rejects.toEqual(
      expect.objectContaining({ code: 'source.refused', message: expect.stringMatching(/operator token/) }),
    );
  });

  test('points that are written while a dump runs do not make it differ', async () => {
    const live = await saveWhile(influxdb.dump(run, sourceOf(server)), '.tar', async () => {
      await server.write('month', `later x=1 ${Date.now() + 60_000}000000`);
      await server.write('month', `earlier x=1 ${Date.now() - 600_000}000000`);
    });
    expect(live.fingerprint['grill-stats/temperature']).toEqual(saved.fingerprint['grill-stats/temperature']);
    const { points: written = 0 } = live.fingerprint['grill-stats/month']!;
    expect([4000, 4001]).toContain(written);
    const trial = { ...request('late', live), mode: 'trial' } as const;
    const restored = await influxdb.restore(run, sourceOf(server), replay(live), trial);
    expect(restored.fingerprint).toEqual(live.fingerprint);
  }, 60_000);

  test('deletes that the server has not compacted make a range, since their points come back; others are gone', async () => {
    await server.api('POST', '/api/v2/delete?org=grill-stats&bucket=temperature', {
      ...{ start: '1970-01-01T00:00:00Z', stop: '2200-01-01T00:00:00Z', predicate: 'probe="brisket"' },
    });
    const deleted = await save(influxdb.dump(run, sourceOf(server)));
    const { points, series } = deleted.fingerprint['grill-stats/temperature']!;
    expect([
      ['6000..8000', '6..8'],
      [6000, 6],
    ]).toContainEqual([points, series]);
    expect(deleted.fingerprint['catering/temperature']).toEqual(saved.fingerprint['catering/temperature']);
    const trial = { ...request('deletes', deleted), mode: 'trial' } as const;
    const restored = await influxdb.restore(run, sourceOf(server), replay(deleted), trial);
    expect(restored.fingerprint).toEqual(deleted.fingerprint);
  }, 60_000);
});
