import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { separator } from '../kit/owned-fields.ts';
import { StackState, type Cluster, type Step } from '../kit/pulumi-deployment.ts';
import type { ProgramRun, Registered } from '../kit/pulumi-engine.ts';
import { configOf, runStack } from '../kit/pulumi-stack.ts';

// A stack through its life, by the rules of Pulumi's engine, its Kubernetes provider and server-side apply (test/kit).

const timeoutMs = 300_000;
const passphrase = { 'encryption-key': 'p@ssphrase of the test' };

interface Environment {
  readonly targets: readonly { readonly name: string }[];
}

const first = { ...configOf('dev'), secrets: { pulumi: true } } as unknown as Environment;
const [postgresql, influxdb, redis] = first.targets;
const changedSchedule = { ...first, targets: [{ ...postgresql, schedule: '5 1 * * *' }, influxdb, redis] };
const newKey = {
  ...first,
  encryption: {
    enabled: true,
    keys: [
      { id: 'key-2026', secretKey: 'encryption-key-2026' },
      { id: 'primary', secretKey: 'encryption-key' },
    ],
  },
};
const otherTargets = { ...first, targets: [postgresql, redis, { ...redis, name: 'sessions' }] };

type Name = 'first' | 'schedule' | 'rotated' | 'newKey' | 'targets' | 'moved';
const runs = {} as Record<Name, ProgramRun>;

beforeAll(async () => {
  const dev = (environment: unknown, secrets: Record<string, string> = passphrase, config = {}) =>
    runStack('dev', { environment, secrets, config: { 'kubernetes:context': 'a', ...config } });
  runs.first = await dev(first);
  runs.schedule = await dev(changedSchedule);
  runs.rotated = await dev(first, { 'encryption-key': 'another p@ssphrase' });
  runs.newKey = await dev(newKey, { ...passphrase, 'encryption-key-2026': 'the new p@ssphrase' });
  runs.targets = await dev(otherTargets);
  runs.moved = await dev(first, passphrase, { 'kubernetes:context': 'b' });
  for (const run of Object.values(runs)) expect(run.errors).toBe('');
}, timeoutMs);

let cluster: Cluster;
let stack: StackState;
beforeEach(() => {
  cluster = new Map();
  stack = new StackState(cluster);
});

const done = (steps: readonly Step[]) =>
  steps.map(({ operation, object }) => `${operation} ${object}`).sort();
const takeOver = { upsert: true, force: true };

/** A run whose resources are otherwise than registered. */
const altered = (run: ProgramRun, change: (resource: Registered) => Partial<Registered>): ProgramRun => ({
  ...run,
  resources: run.resources.map((resource) => ({ ...resource, ...change(resource) })),
});

const withProvider = (run: ProgramRun, inputs: object): ProgramRun =>
  altered(run, (one) =>
    one.type === 'pulumi:providers:kubernetes' ? { inputs: { ...one.inputs, ...inputs } } : {},
  );

/** As versions registered it whose field managers were random. */
const unowned = (run: ProgramRun): ProgramRun =>
  altered(run, ({ values }) => {
    const { annotations: _, ...metadata } = (values['metadata'] ?? {}) as Record<string, unknown>;
    return { values: { ...values, metadata } };
  });

describe('a stack', () => {
  test('is made once, and then unchanged', () => {
    const made = stack.up(runs.first);
    expect(made.length).toBeGreaterThan(25);
    expect(made.filter(({ operation }) => operation !== 'create')).toEqual([]);
    expect(stack.up(runs.first)).toEqual([]);
  });

  test('takes a new schedule in place', () => {
    stack.up(runs.first);
    expect(done(stack.up(runs.schedule))).toEqual([
      'update ConfigMap backup-config',
      'update CronJob postgresql-backup',
      'update Deployment backup-console',
      'update Deployment backup-exporter',
    ]);
    expect(stack.up(runs.schedule)).toEqual([]);
  });

  test('takes a rotated passphrase in place, protected as its Secret is', () => {
    stack.up(runs.first);
    expect(stack.up(runs.rotated)).toEqual([
      { operation: 'update', object: 'Secret backup-encryption-secret', changed: ['data.encryption-key'] },
    ]);
    const before = withProvider(runs.first, { enableSecretMutable: undefined });
    const other = new StackState(new Map());
    other.up(before);
    expect(() => other.up(withProvider(runs.rotated, { enableSecretMutable: undefined }))).toThrow(
      'Secret backup-encryption-secret cannot be replaced: it is protected',
    );
  });

  test('has a new key in its Secret before the plan names it', () => {
    stack.up(runs.first);
    const order = stack.up(runs.newKey).map(({ object }) => object);
    expect(order).toContain('ConfigMap backup-config');
    expect(order.indexOf('Secret backup-encryption-secret')).toBeLessThan(
      order.indexOf('ConfigMap backup-config'),
    );
  });

  test('makes and removes what belongs to a target, and nothing else', () => {
    stack.up(runs.first);
    const steps = stack.up(runs.targets);
    const ofTargets = done(steps.filter(({ operation }) => operation !== 'update'));
    expect(ofTargets.filter((step) => !/(influxdb|sessions)/.test(step))).toEqual([]);
    expect(ofTargets).toEqual(
      expect.arrayContaining(['create CronJob sessions-backup', 'delete CronJob influxdb-backup']),
    );
  });

  const override = () =>
    cluster.get('ConfigMap backup-config')!.write('kubectl-patch', ['data', 'BACKUP_REMOTE_SYNC'], 'true');

  test.each(['kubectl-patch', 'a-console'])(
    'ends an override that %s wrote, without a conflict',
    (manager) => {
      stack.up(runs.first);
      stack.up(runs.schedule);
      const config = cluster.get('ConfigMap backup-config')!;
      config.write(manager, ['data', 'BACKUP_REMOTE_SYNC'], 'true');
      stack.refresh();
      expect(done(stack.up(runs.schedule))).toEqual(['update ConfigMap backup-config']);
      expect(config.fields.get(['data', 'BACKUP_REMOTE_SYNC'].join(separator))).toBe('false');
    },
  );

  test('shows a CronJob that somebody suspended, and starts it again', () => {
    stack.up(runs.first);
    cluster.get('CronJob redis-backup')!.write('kubectl-patch', ['spec', 'suspend'], true);
    expect(stack.preview(runs.first)).toEqual([
      { operation: 'update', object: 'CronJob redis-backup', changed: ['spec.suspend'] },
    ]);
  });

  test('shows an override of somebody on call in the preview, and ends it', () => {
    stack.up(runs.first);
    override();
    expect(stack.preview(runs.first)).toEqual([
      { operation: 'update', object: 'ConfigMap backup-config', changed: ['data.BACKUP_REMOTE_SYNC'] },
    ]);
    stack.refresh();
    expect(done(stack.up(runs.schedule))).toContain('update ConfigMap backup-config');
    expect(stack.preview(runs.schedule)).toEqual([]);
  });

  test('never takes the plan away while it changes', () => {
    const before = withProvider(runs.first, { enableConfigMapMutable: undefined });
    stack.up(before);
    const steps = stack.up(withProvider(runs.schedule, { enableConfigMapMutable: undefined }));
    expect(done(steps)).toContain('replace ConfigMap backup-config');
    const ours = new StackState(new Map());
    ours.up(runs.first);
    expect(done(ours.up(runs.schedule)).filter((step) => step.startsWith('replace'))).toEqual([]);
  });

  test('is destroyed but for what holds data, brought back, and changed again', () => {
    stack.up(runs.first);
    expect(() => stack.destroy()).toThrow('it is protected');
    stack.unprotect();
    const gone = done(stack.destroy());
    expect(gone.filter((step) => step.startsWith('forget'))).toEqual([
      'forget PersistentVolumeClaim backup-storage-pvc',
      'forget Secret backup-encryption-secret',
    ]);
    expect([...cluster.keys()].sort()).toEqual([
      'PersistentVolumeClaim backup-storage-pvc',
      'Secret backup-encryption-secret',
    ]);
    expect(() => stack.up(runs.first)).toThrow('already exists');
    const again = new StackState(cluster);
    again.up(runs.first, takeOver);
    expect(done(again.up(runs.rotated))).toEqual(['update Secret backup-encryption-secret']);
  });

  test('is forgotten and taken over twice without a conflict, and not without a settled field manager', () => {
    const lives = (change: (run: ProgramRun) => ProgramRun) => {
      const objects: Cluster = new Map();
      for (const life of [1, 2]) {
        const one = new StackState(objects);
        one.up(change(runs.first), takeOver);
        one.up(change(runs.schedule));
        one.up(change(runs.rotated));
        one.forget();
        expect(life).toBeGreaterThan(0);
      }
    };
    expect(() => lives((run) => run)).not.toThrow();
    expect(() => lives(unowned)).toThrow(/conflict with pulumi-kubernetes-\d+/);
  });

  test('of a version without components is renamed, and nothing is made, replaced or removed', () => {
    const flat = altered(runs.first, ({ urn, aliases }) => ({
      urn: aliases[0] ?? urn,
      aliases: [],
      waitsFor: [],
    }));
    stack.up(flat);
    expect(stack.up(runs.first)).toEqual([]);
    const orphans = altered(runs.first, () => ({ aliases: [] }));
    const other = new StackState(new Map());
    other.up(flat);
    expect(() => other.up(orphans)).toThrow('already exists');
  });

  test('of a version with random field managers is taken over with force, once', () => {
    stack.up(unowned(runs.first));
    stack.up(unowned(runs.schedule));
    expect(() => stack.up(runs.rotated)).toThrow(/conflict with pulumi-kubernetes-\d+/);
    stack.up(runs.rotated, { force: true });
    stack.up(runs.schedule);
    expect(stack.up(runs.schedule)).toEqual([]);
  });

  test('moves to another context in place while the identifier of its cluster stays', () => {
    const identified = { clusterIdentifier: 'dev' };
    stack.up(withProvider(runs.first, identified));
    expect(stack.up(withProvider(runs.moved, identified))).toEqual([]);
    const guessed = new StackState(new Map());
    guessed.up(runs.first);
    expect(() => guessed.up(runs.moved)).toThrow('cannot be replaced: it is protected');
  });
});
