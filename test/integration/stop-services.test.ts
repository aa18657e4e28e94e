import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { whileStopped } from '../../runtime/src/services/stop-services.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import { redisTarget, testApp } from '../kit/app.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startKubeApi, type TestKubeApi } from '../kit/kube-api.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { until } from '../kit/until.ts';

const services = [{ name: 'api' }, { kind: 'StatefulSet', name: 'worker' }];
const down = ['deployments/api 0', 'statefulsets/worker 0'];
const up = ['deployments/api 3', 'statefulsets/worker 2'];

let redis: TestRedis;
let installation: Installation;
let api: TestKubeApi;

const usePlan = (named: readonly object[]) =>
  installation.setPlan(planFor(installation.backup, [redisTarget(redis, { services: named })]));
const restore = (args: readonly string[] = [], onStart?: (pid: number) => void) =>
  installation.cli(['restore', 'redis', '--stop-services', '--force', '--json', ...args], onStart);
/** Started all at once, in any order. */
const patches = () => [...api.patches.slice(0, 2), ...api.patches.slice(2).toSorted()];
const records = () => readdirSync(join(installation.backup, 'services/grill-stats')).toSorted();

beforeAll(async () => {
  redis = await startRedis({ password: 'secret' });
  await redis.cli('SET', 'a', 'archived');
  installation = install([], { redis: { password: 'secret' } });
  usePlan(services);
  expect((await installation.cli(['backup', 'redis'])).code).toBe(0);
}, 60_000);
afterAll(async () => {
  await installation.dispose();
  await redis.stop();
});
beforeEach(async () => {
  api = await startKubeApi({ 'deployments/api': 3, 'statefulsets/worker': 2, 'deployments/web': 1 }, [
    'deployments/api',
    'statefulsets/worker',
    'deployments/gone',
  ]);
  Object.assign(installation.env, api.env);
  usePlan(services);
  await redis.cli('SET', 'a', 'live');
});
afterEach(() => api.stop());

describe('restore --stop-services', () => {
  test('stops what the plan names before it touches the data, and starts it again afterwards', async () => {
    const seen: string[] = [];
    api.before = async (request) => {
      if (request.startsWith('PATCH')) seen.push(`${request.slice(-16)} ${await redis.cli('GET', 'a')}`);
    };
    const dry = await restore(['--dry-run']);
    expect(dry.json[0].services).toEqual([
      { kind: 'Deployment', namespace: 'grill-stats', name: 'api', replicas: 3 },
      { kind: 'StatefulSet', namespace: 'grill-stats', name: 'worker', replicas: 2 },
    ]);
    expect((await installation.cli(['restore', 'redis', '--stop-services', '--dry-run'])).stdout).toContain(
      'stops   Deployment grill-stats/api, 3 replicas\n  stops   StatefulSet grill-stats/worker, 2 replicas',
    );
    expect(seen).toEqual([]);

    const { code, json } = await restore();
    expect(code).toBe(0);
    expect(json).toMatchObject([{ equal: true, services: [{ name: 'api' }, { name: 'worker' }] }]);
    expect(patches()).toEqual([...down, ...up]);
    expect(seen.map((line) => line.split(' ').at(-1))).toEqual(['live', 'live', 'archived', 'archived']);
    expect(records()).toEqual(['deployment_api.json', 'statefulset_worker.json']);
    const audit = readdirSync(join(installation.backup, 'audit'))
      .filter((name) => /^\d/.test(name))
      .toSorted();
    expect(
      JSON.parse(readFileSync(join(installation.backup, 'audit', audit.at(-1)!), 'utf8')).figures,
    ).toMatchObject({ services: 'Deployment grill-stats/api, StatefulSet grill-stats/worker' });
  });

  test('full stops what all targets name, each once, until the last is restored', async () => {
    const named = (name: string, some: readonly object[]) => redisTarget(redis, { name, services: some });
    const plan = [named('redis', [services[0]!]), named('second', services)];
    installation.setPlan(planFor(installation.backup, plan));
    expect((await installation.cli(['backup', 'second'])).code).toBe(0);
    const { code, json } = await installation.cli([
      'restore',
      'full',
      '--stop-services',
      '--force',
      '--json',
    ]);
    expect([code, json.servicesDown]).toEqual([0, []]);
    expect(json.restored).toMatchObject([
      { target: 'redis', services: [{ name: 'api' }] },
      { target: 'second', services: [{ name: 'api' }, { name: 'worker' }] },
    ]);
    expect(patches()).toEqual([...down, ...up]);
    expect(await redis.cli('GET', 'a')).toBe('live'); // second was backed up with it, and came last
  });

  test('is an option: without it the cluster is not asked', async () => {
    api.before = () => 500;
    expect((await installation.cli(['restore', 'redis', '--force'])).code).toBe(0);
    expect(api.patches).toEqual([]);
  });

  test('leaves alone what somebody had stopped', async () => {
    api.replicas['deployments/api'] = 0;
    expect((await restore()).code).toBe(0);
    expect(api.patches).toEqual([down[1], up[1]]);
  });

  test('starts them again after a restore that failed', async () => {
    const [name] = readdirSync(join(installation.backup, 'redis')).filter(
      (file) => file.startsWith('redis_') && file.endsWith('.enc'),
    );
    const file = join(installation.backup, 'redis', name!);
    const intact = readFileSync(file);
    const bytes = Buffer.from(intact);
    bytes[100]! ^= 1;
    // Damage that was there before would be found before anything is stopped.
    api.before = () => {
      if (api.patches.length === down.length) writeFileSync(file, bytes);
    };
    const { code, json } = await restore();
    writeFileSync(file, intact);
    expect([code, json.error.code]).toEqual([6, 'archive.damaged']);
    expect(patches()).toEqual([...down, ...up]);
    expect(await redis.cli('GET', 'a')).toBe('live');
  });

  // SIGHUP: the terminal of `kubectl exec` is gone
  test.each(['SIGTERM', 'SIGHUP'] as const)('starts them again on %s', async (signal) => {
    let pid = 0;
    api.stuck.add('deployments/api');
    api.before = (request) => {
      if (request.includes('/pods?') && api.patches.length === 2) process.kill(pid, signal);
    };
    const { code, json } = await restore([], (started) => (pid = started));
    expect([code, json.error.code]).toEqual([1, 'run.interrupted']);
    expect(patches()).toEqual([...down, ...up]);
    expect(await redis.cli('GET', 'a')).toBe('live');
  });

  test('leaves, when it is killed, what start-services and the next restore need', async () => {
    const killed = async () => {
      let pid = 0;
      api.before = (request) => {
        if (request.includes('/pods?') && api.replicas['statefulsets/worker'] === 0)
          process.kill(pid, 'SIGKILL');
      };
      expect((await restore([], (started) => (pid = started))).code).toBeNull();
      api.before = () => {};
      expect([api.replicas['deployments/api'], api.replicas['statefulsets/worker']]).toEqual([0, 0]);
    };
    await killed();
    const started = await installation.cli(['start-services']);
    expect([started.code, started.stdout]).toEqual([
      0,
      'started Deployment grill-stats/api, 3 replicas\nstarted StatefulSet grill-stats/worker, 2 replicas\n',
    ]);
    expect((await installation.cli(['start-services'])).stdout).toBe('no restore left a service stopped\n');

    await killed();
    expect((await restore(['--dry-run'])).json[0].services).toMatchObject([{ replicas: 3 }, { replicas: 2 }]);
    expect((await restore()).code).toBe(0);
    expect(api.patches.slice(-2).toSorted()).toEqual(up);
  });

  test('says which services it could not start again, after the result of the restore', async () => {
    api.before = (request) => (request.endsWith('{"spec":{"replicas":3}}') ? 500 : undefined);
    const { code, json, stderr } = await restore();
    expect(code).toBe(7);
    expect(json).toMatchObject([{ equal: true }]);
    expect(stderr).toMatch(/service\.down.*could not be started again: Deployment grill-stats\/api/);
    expect([api.replicas['deployments/api'], api.replicas['statefulsets/worker']]).toEqual([0, 2]);
    api.before = () => {};
    expect((await installation.cli(['start-services', '--json'])).json).toMatchObject({
      started: [{ name: 'api', replicas: 3 }],
      down: [],
    });
  });
});

describe('nothing is stopped nor restored', () => {
  const refused = async (code: number, error: string, message: string | RegExp) => {
    const result = await restore();
    expect([result.code, result.json.error.code]).toEqual([code, error]);
    expect(result.json.error.message).toMatch(message);
    expect(api.patches).toEqual([]);
    expect(await redis.cli('GET', 'a')).toBe('live');
    expect(result.stdout + result.stderr).not.toContain('token-of-the-service-account');
  };

  test('without a right, which is named', async () => {
    usePlan([...services, { name: 'web' }]);
    await refused(
      2,
      'cluster.refused',
      'cannot get resource "deployments/scale" in API group "apps" in the namespace "grill-stats"',
    );
  });

  test('for a service that is not there', async () => {
    usePlan([...services, { name: 'gone' }]);
    await refused(2, 'service.unknown', 'deployments.apps "gone" not found');
  });

  test('in another namespace than the one of the grant', async () => {
    usePlan([{ name: 'api', namespace: 'other' }]);
    await refused(2, 'cluster.refused', 'in the namespace "other"');
  });

  test('with a token that is not accepted', async () => {
    writeFileSync(join(api.access.accountFolder, 'token'), 'expired');
    await refused(2, 'cluster.refused', 'does not accept the token of the service account');
  });

  test('without a token', async () => {
    Object.assign(installation.env, { GRILL_BACKUP_SERVICE_ACCOUNT: installation.folder });
    await refused(2, 'cluster.missing', "namespace of the pod's service account cannot be read: ENOENT");
  });

  test('outside of a cluster', async () => {
    Object.assign(installation.env, { KUBERNETES_SERVICE_HOST: '' });
    await refused(2, 'cluster.missing', 'not running in a pod');
  });

  test('with a server whose certificate another authority signed', async () => {
    const other = await startKubeApi({});
    writeFileSync(
      join(api.access.accountFolder, 'ca.crt'),
      readFileSync(join(other.access.accountFolder, 'ca.crt')),
    );
    await other.stop();
    await refused(
      7,
      'cluster.unreachable',
      /no answer from the API server 127\.0\.0\.1:\d+: DEPTH_ZERO_SELF_SIGNED_CERT/,
    );
  });

  test('where the plan names no service', async () => {
    usePlan([]);
    await refused(2, 'usage.invalid', 'the plan names no services of redis to stop');
  });

  test('where pods do not end in time: then all is started again', async () => {
    const fixture = await startDirectory();
    const app = testApp({
      stores: { primary: await fixture.open(), replicas: [] },
      targets: [redisTarget(redis)],
      run: { cluster: api.access },
    });
    api.stuck.add('deployments/api');
    const named = [{ kind: 'Deployment', namespace: 'grill-stats', name: 'api' }] as const;
    const work = () => Promise.reject(new Error('the restore began'));
    await expect(whileStopped(app, named, work, { pollMs: 1, waitMs: 50 })).rejects.toMatchObject({
      code: 'service.running',
      message: 'Deployment grill-stats/api has not stopped within 0.1s: api-7d4b9c',
    });
    expect(api.patches).toEqual([down[0], up[0]]);
    await fixture.stop();
  });

  test('while another restore keeps them stopped', async () => {
    let other: Promise<unknown> | undefined;
    api.before = (request) => {
      if (request.includes('/pods?') && api.patches.length === 2)
        other ??= installation.cli(['restore', 'redis', '--stop-services', '--force', '--json']);
    };
    api.stuck.add('deployments/api');
    let pid = 0;
    const first = restore([], (started) => (pid = started));
    await until(() => other);
    process.kill(pid, 'SIGTERM');
    await first;
    expect(await other).toMatchObject({ code: 9, json: { error: { code: 'lock.held' } } });
    expect(patches()).toEqual([...down, ...up]);
  });
});
