import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dump, load, loadAll } from 'js-yaml';
import { metrics, metricsPaths } from '../../runtime/src/contract/metrics.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { configKey } from '../../src/environment/environment.ts';
import { at, environmentOf, find, objectsOf, podsOf, root } from '../kit/environments.ts';
import { rules } from '../kit/hardening/index.ts';
import { passphrase } from '../kit/installation.ts';
import { freePort, removeFolder, startServer, workFolder } from '../kit/private-server.ts';
import { toyEngine, toyTarget } from '../kit/toy-engine.ts';
import { until } from '../kit/until.ts';

const run = promisify(execFile);
const folder = workFolder('new-engine');
const env = { ...process.env, NODE_OPTIONS: '' };
const before = objectsOf(environmentOf('dev'));
const names = (objects: readonly KubernetesObject[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

let objects: readonly KubernetesObject[] = [];

/** A copy of the program, with one more file and one more line. */
const addEngine = (): void => {
  for (const part of ['src', 'runtime', 'alerts', 'dashboards', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const engines = join(folder, 'runtime/src/engines');
  writeFileSync(join(engines, 'toys.ts'), toyEngine);
  appendFileSync(join(engines, 'engine-list.ts'), "export { toys } from './toys.ts';\n");
};

/** And one more entry in the environment file. */
const addTarget = (): void => {
  const stack = load(readFileSync(join(root, 'Pulumi.dev.yaml'), 'utf8')) as {
    config: Record<string, { targets: object[] }>;
  };
  stack.config[configKey]!.targets.push(toyTarget);
  writeFileSync(join(folder, 'Pulumi.dev.yaml'), dump(stack));
};

beforeAll(async () => {
  addEngine();
  addTarget();
  await run(process.execPath, ['src/synth/cli.ts'], { cwd: folder, env });
  const dev = join(folder, 'manifests/dev');
  objects = readdirSync(dev)
    .filter((file) => file !== 'kustomization.yaml')
    .flatMap((file) => loadAll(readFileSync(join(dev, file), 'utf8')) as KubernetesObject[]);
});

afterAll(() => removeFolder(folder));

describe('one engine file, one line and one target make', () => {
  test('its CronJobs, receiver and NetworkPolicies, and nothing else that is new', () => {
    expect(
      names(objects)
        .filter((name) => !names(before).includes(name))
        .sort(),
    ).toEqual([
      'CronJob nursery-backup',
      'CronJob nursery-base',
      'Deployment nursery-wal',
      'NetworkPolicy nursery-backup-to-database',
      'NetworkPolicy prometheus-to-receivers',
      'PodMonitor backup-receivers',
      'ServiceAccount backup-receiver',
    ]);
    expect(names(before).filter((name) => !names(objects).includes(name))).toEqual([]);
  });

  test('a run at its spread time, with its credentials and script', () => {
    const { spec } = find(objects, 'CronJob', 'nursery-backup') as never as { spec: { schedule: string } };
    expect(spec.schedule).toMatch(/^\d+ 5 \* \* \*$/);
    const pod = at(spec, 'jobTemplate.spec.template.spec');
    expect(pod.containers[0].command).toEqual(['/scripts/nursery-backup.sh']);
    expect(pod.containers[0].volumeMounts).toContainEqual({
      mountPath: '/secrets/toys-secret',
      name: 'secret-toys-secret',
      readOnly: true,
    });
    expect(
      at(pod, 'volumes').find(({ name }: { name: string }) => name === 'secret-toys-secret').secret,
    ).toEqual({
      secretName: 'toys-secret',
      defaultMode: 0o440,
      items: [{ key: 'pin', path: 'pin' }],
    });
    expect(Object.keys(at(find(objects, 'ConfigMap', 'backup-scripts'), 'data'))).toEqual(
      expect.arrayContaining(['nursery-backup.sh', 'nursery-restore.sh']),
    );
  });

  test('a mount in the restore pod, and a way to its port for its pods', () => {
    const restore = podsOf(objects).find(({ owner }) => owner === 'Pod backup-restore-job')!;
    expect(JSON.stringify(restore.spec.containers[0].volumeMounts)).toContain('/secrets/toys-secret');
    expect(find(objects, 'NetworkPolicy', 'nursery-backup-to-database')['spec']).toMatchObject({
      podSelector: {
        matchExpressions: [
          { values: ['nursery-backup', 'nursery-base', 'nursery-wal', 'backup-restore-job'] },
        ],
      },
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'toys' } } }], ports: [{ port: 7777 }] }],
    });
  });

  test('a right for on-call to start it, and alerts on its Jobs', () => {
    expect(JSON.stringify(find(objects, 'Role', 'backup-oncall'))).toContain('"nursery-backup"');
    const alerts = at(find(objects, 'PrometheusRule', 'backup-alerts'), 'spec.groups').flatMap(
      ({ rules }: { rules: { alert: string; expr: string }[] }) => rules,
    );
    const about = alerts.filter(({ expr }: { expr: string }) => expr.includes('nursery-backup'));
    expect(about.map(({ alert }: { alert: string }) => alert)).toEqual(
      expect.arrayContaining(['BackupJobFailed', 'BackupJobOverdue', 'BackupJobSuspended']),
    );
  });

  test('objects that keep every rule', () => {
    const broken = rules.filter(
      ({ name, violations }) => name !== 'has its image by digest' && violations(objects).length,
    );
    expect(broken.map(({ name }) => name)).toEqual([]);
  });
});

describe('with the plan of its pods', () => {
  const database = join(folder, 'toys');
  const plan = () => {
    const made = JSON.parse(at(find(objects, 'ConfigMap', 'backup-config'), 'data')['plan.json']);
    const targets = made.targets.map((target: { name: string; connection: object }) =>
      target.name === 'nursery'
        ? { ...target, connection: { ...target.connection, folder: database } }
        : target,
    );
    return { ...made, targets, stores: { directory: { path: join(folder, 'backup') } } };
  };
  const program = {
    ...env,
    GRILL_BACKUP_PLAN: join(folder, 'plan.json'),
    GRILL_BACKUP_SECRETS: join(folder, 'secrets'),
  };
  const cli = join(folder, 'runtime/src/cli/main.ts');

  beforeAll(() => {
    for (const [secret, key, value] of [
      ['backup-encryption-secret', 'encryption-key', passphrase],
      ['toys-secret', 'pin', '1234'],
    ] as const) {
      mkdirSync(join(folder, 'secrets', secret), { recursive: true });
      writeFileSync(join(folder, 'secrets', secret, key), value);
    }
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan()));
    mkdirSync(join(folder, 'backup'));
    mkdirSync(database);
    for (const toy of ['car', 'ball', 'bear']) write({ put: toy });
  });

  const logFile = join(database, 'log');
  const lines = () =>
    existsSync(logFile)
      ? readFileSync(logFile, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
  /** Commits something, and resolves to its number. */
  const write = (what: { put: string } | { taken: string }): number => {
    const id = lines().length + 1;
    appendFileSync(logFile, `${JSON.stringify({ id, at: Date.now(), ...what })}\n`);
    return id;
  };
  const shelf = (): readonly string[] =>
    lines().reduce(
      (toys, { put, taken }) => (put ? [...toys, put] : toys.filter((toy: string) => toy !== taken)),
      [],
    );
  const call = async (...args: readonly string[]) => {
    const { stdout } = await run(process.execPath, [cli, ...args, '--json'], { env: program });
    return JSON.parse(stdout || 'null');
  };

  test('a backup is made, and has a row on the dashboard: its target is among the label values of the variable', async () => {
    await run(process.execPath, [cli, 'backup', 'nursery'], { env: program });
    await run('chmod', ['-R', 'a+rwX', folder]);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const exporter = await startServer({
      program: process.execPath,
      args: [cli, 'serve', '--port', String(port)],
      env: program,
      ready: async () => expect((await fetch(`${url}${metricsPaths.ready}`)).status).toBe(200),
    });
    const text = await (await fetch(`${url}${metricsPaths.metrics}`)).text();
    await exporter.stop();
    expect(text).toMatch(
      new RegExp(`^${metrics.newestFinishedAt.name}\\{[^}]*target="nursery"[^}]*\\} 1\\.?\\d+`, 'm'),
    );
    const boards = JSON.stringify(objects.filter(({ metadata }) => metadata.name.endsWith('-dashboard')));
    expect(boards).toContain(`label_values(${metrics.rpo.name}`);
    expect(text).toMatch(new RegExp(`^${metrics.rpo.name}\\{[^}]*target="nursery"[^}]*\\} 86400`, 'm'));
  });

  test('its log is received, and brings back the instant before an accident, without a change elsewhere', async () => {
    await run('chmod', ['-R', 'a+rwX', folder]); // the receiver runs as another user
    const port = await freePort();
    const receiver = await startServer({
      program: process.execPath,
      args: [cli, 'receive', 'nursery', '--port', String(port)],
      env: program,
      ready: async () =>
        expect((await fetch(`http://127.0.0.1:${port}${metricsPaths.ready}`)).status).toBe(200),
    });
    await run(process.execPath, [cli, 'base', 'nursery'], { env: program });
    write({ put: 'train' });
    const accident = write({ taken: 'bear' });
    write({ put: 'duck' });
    const end = `${readFileSync(logFile).length}`;
    await until(async () => (await call('wal', 'status', 'nursery')).slot.restart === end, 60); // the lag may be of before
    await receiver.stop();

    expect(await call('wal', 'find', 'nursery', 'took bear')).toMatchObject({
      transactions: [{ id: `${accident}`, restore: `grill-backup restore nursery --before-xid ${accident}` }],
    });
    const [restored] = await call('restore', 'nursery', '--before-xid', `${accident}`, '--force');
    expect(restored).toMatchObject({ equal: true, mode: 'replace', fingerprint: { shelf: { toys: 4 } } });
    expect(shelf()).toEqual(['car', 'ball', 'bear', 'train']);
    const at = new Date(lines()[accident]!.at).toISOString();
    const [later] = await call('restore', 'nursery', '--to', at, '--force');
    expect(later).toMatchObject({ equal: true, instant: at });
    expect(shelf()).toEqual(['car', 'ball', 'train', 'duck']);

    const { stretches, gaps, slot } = await call('wal', 'status', 'nursery');
    expect({ stretches, gaps, slot }).toMatchObject({
      stretches: [{ from: '0' }],
      gaps: [],
      slot: { status: 'idle' },
    });
    const { results } = await call('verify', 'nursery', '--level', 'deep');
    expect(results.map(({ tier, ok }: { tier: string; ok: boolean }) => [tier, ok])).toEqual(
      expect.arrayContaining([
        ['base', true],
        ['log', true],
      ]),
    );
  }, 120_000);
});
