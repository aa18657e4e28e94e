import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCluster } from '../../../runtime/src/cluster/api.ts';
import { startJob } from '../../../runtime/src/console/actions/jobs.ts';
import type { Caller } from '../../../runtime/src/console/auth/caller.ts';
import { consolePerson, personKey } from '../../../runtime/src/contract/console.ts';
import { readAudit } from '../../../runtime/src/runs/audit.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { realCluster, startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { startConsole, type TestConsole } from '../../kit/console.ts';
import { plantGenuine } from '../../kit/planted.ts';

let cluster: ConsoleCluster;
let web: TestConsole;
let primary: Store;
const directory = startDirectory();
const at = new Date(Date.now() - 3_600_000);

beforeAll(async () => {
  cluster = await startConsoleCluster('actions', realCluster());
  primary = await (await directory).open();
  await plantGenuine(primary, { at, tier: 'daily', id: '7'.repeat(32), verified: true });
  web = await startConsole({ stores: { primary, replicas: [] }, cluster });
});
afterAll(async () => {
  await web.stop();
  await cluster.stop();
  await (await directory).stop();
});

const post = async (person: string, path: string, { key, body }: { key?: string; body?: object } = {}) => {
  const headers = {
    ...(key && { 'idempotency-key': key }),
    ...(body && { 'content-type': 'application/json' }),
  };
  const answer = await web.ask(`/api/v1${path}`, cluster.tokenOf(person), {
    method: 'POST',
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any document
  return { status: answer.status, body: (await answer.json()) as any };
};

const deeds = async () => {
  const entries = [];
  for await (const { entry } of readAudit(primary)) if (entry?.ok) entries.push(entry);
  return entries;
};

describe('a run that somebody starts', () => {
  test('is a Job of the CronJob, made by that person, once for each key, and in the audit trail', async () => {
    const first = await post('oncall', '/targets/redis/backups', { key: 'first-key' });
    expect(first).toMatchObject({ status: 202, body: { created: true } });
    expect(first.body.job).toMatch(/^redis-backup-[0-9a-f]{10}$/);
    const made = cluster.asked.filter((line) => line.includes('POST /apis/batch'));
    expect(made).toEqual(['oncall POST /apis/batch/v1/namespaces/grill-stats/jobs']);
    const other = await post('oncall', '/targets/redis/backups', { key: 'other-key' });
    expect(other.body.job).not.toBe(first.body.job);
    expect(await deeds()).toMatchObject([
      {
        command: 'console',
        target: 'redis',
        figures: {
          who: 'system:serviceaccount:grill-stats:oncall',
          what: 'backup',
          job: first.body.job,
          via: 'token',
        },
      },
      { figures: { job: other.body.job } },
    ]);
  });

  test('sends its progress, by events that end with the stream', async () => {
    const { body } = await post('oncall', '/targets/influxdb/backups', { key: 'with-events' });
    const stopping = new AbortController();
    const answer = await web.ask(body.events, cluster.tokenOf('oncall'), { signal: stopping.signal });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { value } = await answer.body!.getReader().read();
    const text = Buffer.from(value).toString();
    expect(text).toMatch(/^event: progress\ndata: \{"state":"(waiting|running)"/);
    stopping.abort();
  });

  test.each(['/verifications', '/drills'])('%s of all targets', async (path) => {
    expect(await post('oncall', path, { key: 'all-of-them' })).toMatchObject({
      status: 202,
      body: { job: expect.stringMatching(/^backup-(verification|drill)-/) },
    });
  });

  test.each([
    ['nobody', '/targets/redis/backups'],
    ['one-target', '/targets/redis/backups'],
    ['one-target', '/targets/postgresql/backups'],
    ['nobody', '/drills'],
    ['one-target', '/verifications'],
  ])('is refused to %s: %s', async (person, path) => {
    const { status, body } = await post(person, path, { key: 'refused-key' });
    expect([status, body.code]).toEqual([403, 'access.refused']);
    expect(cluster.asked.filter((line) => line.startsWith(`${person} POST`))).toEqual([]);
  });

  test('needs a key, by which the same request finds the same Job', async () => {
    expect(await post('oncall', '/drills')).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });
});

test('the same key finds the Job that it started before', async () => {
  const api = await openCluster(cluster.access);
  const name = 'system:serviceaccount:grill-stats:oncall';
  const as = { token: cluster.tokenOf('oncall') };
  const again = () =>
    startJob(api, { name, groups: [], extra: {}, via: 'token', as }, 'postgresql-backup', 'again-and-again');
  const first = await again();
  // the answer to the second is the one that a recording keeps of the same request
  expect(await again()).toEqual({ ...first, created: false });
});

describe('people who come through a proxy', () => {
  const proxied = (groups: readonly string[], user = consolePerson): Caller => ({
    name: 'ada@example',
    groups,
    extra: {},
    via: 'proxy',
    as: { user, groups, extra: { [personKey]: 'ada@example' } },
  });
  const start = async (caller: Caller, cronJob: string) =>
    startJob(await openCluster(cluster.access), caller, cronJob, `proxied-${cronJob}`);

  test('act as one user in the groups that the plan gives rights to', async () => {
    expect(await start(proxied(['grill-stats-developers']), 'redis-backup')).toMatchObject({ created: true });
  });

  test.each([
    [['system:masters'], consolePerson, 'cannot impersonate resource "groups"'],
    [['grill-stats-developers', 'system:masters'], consolePerson, 'cannot impersonate resource "groups"'],
    [['grill-stats-developers'], 'admin', 'cannot impersonate resource "users"'],
    [[], consolePerson, 'cannot get resource "cronjobs"'],
  ])('cannot be in groups %j as %s', async (groups, user, why) => {
    await expect(start(proxied(groups, user), 'influxdb-backup')).rejects.toMatchObject({
      code: 'cluster.refused',
      message: expect.stringContaining(why),
    });
  });
});

describe('a restore', () => {
  test('is planned: what comes back, how long, the way back, and the commands; nothing is started', async () => {
    const before = cluster.asked.length;
    const { status, body } = await post('oncall', '/restores:plan', { body: { target: 'redis' } });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        target: 'redis',
        takenAt: at.toISOString(),
        verifiedAt: at.toISOString(),
        effect: 'live data is replaced, after a safety backup of it',
        wayBack: 'a safety backup is taken before',
      }),
    ]);
    expect(body.commands.map(({ command }: { command: string }) => command)).toContain(
      'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/redis-restore.sh --dry-run',
    );
    expect(cluster.asked.slice(before).filter((line) => line.includes('/batch/'))).toEqual([]);
  });

  test('of what no shell must read otherwise is quoted', async () => {
    const only = ["user:*'; rm -rf /", '$(id)'];
    const { body } = await post('oncall', '/restores:plan', { body: { target: 'redis', only } });
    expect(body.commands[2].command).toContain(`--only 'user:*'\\''; rm -rf /' '$(id)'`);
  });

  test.each([
    [{ target: 'redis', archive: 'redis_20200101_000000.tar.gz.enc' }, 404, 'archive.unknown'],
    [{ target: 'redis', instant: '2026-11-29T00:00:00Z' }, 409, 'log.unreached'],
    [{ target: 'redis', archive: '../../etc/passwd' }, 400, 'request.invalid'],
    [{ target: 'redis', archive: 'a', instant: '2026-11-29T00:00:00Z' }, 400, 'request.invalid'],
    [{ target: 'redis', force: true }, 400, 'request.invalid'],
  ])('%j is refused', async (body, status, code) => {
    expect(await post('oncall', '/restores:plan', { body })).toMatchObject({ status, body: { code } });
  });

  test('and a deletion cannot be started by any request', async () => {
    const document = (await (await web.ask('/openapi.json', cluster.tokenOf('oncall'))).json()) as {
      paths: Record<string, object>;
    };
    const methods = Object.entries(document.paths).flatMap(([path, each]) =>
      Object.keys(each).map((method) => `${method} ${path}`),
    );
    expect(methods.filter((each) => !each.startsWith('get '))).toEqual([
      'post /targets/{target}/backups',
      'post /verifications',
      'post /drills',
      'post /restores:plan',
    ]);
  });
});
