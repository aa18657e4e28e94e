import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { overrides } from '../../runtime/src/contract/overrides.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { at, environmentOf, find, objectsOf, root } from '../kit/environments.ts';
import { allows, type Request } from '../kit/rbac.ts';
import { inRestorePod, seedCommands, words } from '../kit/seed.ts';

const objects = objectsOf(environmentOf('prod'));
const page = readFileSync(join(root, 'docs/reference/seed-commands.md'), 'utf8');

describe('docs/reference/seed-commands.md', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      /^\| `(.*?)` \| (.+) \| \[.+?\]\(\.\.\/\.\.\/(test\/.+?)\) › (.+) \|$/.exec(line)!.slice(1),
    );

  test('has every command of the seed, in its order', () => {
    expect(rows.map(([command]) => command)).toEqual(seedCommands);
  });

  test.each(rows)('names a test that there is: %s', (_command, _does, file, title) => {
    expect(existsSync(join(root, file!))).toBe(true);
    expect(readFileSync(join(root, file!), 'utf8')).toContain(`'${title!}`);
  });
});

/** What the API server is asked for by each command, and by whom: the role of people on call, or of those who restore. */
const requests: Readonly<Record<string, { readonly role: string; readonly asks: readonly Request[] }>> = {
  'kubectl get cronjobs -n grill-stats': { role: 'backup-oncall', asks: [['list', 'batch', 'cronjobs']] },
  'kubectl get jobs -n grill-stats -l app.kubernetes.io/component=backup': {
    role: 'backup-oncall',
    asks: [['list', 'batch', 'jobs']],
  },
  'kubectl logs -n grill-stats -l app.kubernetes.io/name=postgresql-backup': {
    role: 'backup-oncall',
    asks: [
      ['list', '', 'pods'],
      ['get', '', 'pods/log'],
    ],
  },
  'kubectl apply -f apps/grill-stats/backup/base/backup-restore-job.yaml': {
    role: 'backup-restore',
    asks: [
      ['get', '', 'pods', 'backup-restore-job'],
      ['create', '', 'pods'],
      ['patch', '', 'pods', 'backup-restore-job'],
    ],
  },
  'kubectl wait --for=condition=Ready pod -l app.kubernetes.io/name=backup-restore-job -n grill-stats': {
    role: 'backup-restore',
    asks: [
      ['list', '', 'pods'],
      ['watch', '', 'pods'],
    ],
  },
  'kubectl logs -n grill-stats job/postgresql-backup': {
    role: 'backup-oncall',
    asks: [
      ['get', 'batch', 'jobs', 'postgresql-backup'],
      ['list', '', 'pods'],
      ['get', '', 'pods/log'],
    ],
  },
  'kubectl get configmap backup-config -n grill-stats -o yaml': {
    role: 'backup-oncall',
    asks: [['get', '', 'configmaps', 'backup-config']],
  },
  'kubectl logs -n grill-stats -l app.kubernetes.io/name=backup-verification': {
    role: 'backup-oncall',
    asks: [
      ['list', '', 'pods'],
      ['get', '', 'pods/log'],
    ],
  },
  ...Object.fromEntries(
    seedCommands.flatMap((command) => {
      const [, cronJob] = /--from=cronjob\/(\S+)/.exec(command) ?? [];
      const starts: readonly Request[] = [
        ['get', 'batch', 'cronjobs', cronJob!],
        ['create', 'batch', 'jobs'],
      ];
      const execs: readonly Request[] = [
        ['get', '', 'pods', 'backup-restore-job'],
        ['create', '', 'pods/exec', 'backup-restore-job'],
      ];
      if (cronJob) return [[command, { role: 'backup-oncall', asks: starts }]];
      return inRestorePod(command) ? [[command, { role: 'backup-oncall', asks: execs }]] : [];
    }),
  ),
};

describe('rights', () => {
  test.each(Object.entries(requests))('suffice for: %s', (_, { role, asks }) => {
    expect(asks.filter((request) => !allows(objects, role, request))).toEqual([]);
  });

  const forAdministrators: readonly Request[] = [
    ['patch', 'batch', 'cronjobs', 'postgresql-backup'],
    ['patch', '', 'configmaps', 'backup-scripts'],
    ['patch', '', 'configmaps', 'backup-config'],
    ['get', '', 'secrets', 'backup-encryption-secret'],
    ['list', '', 'secrets'],
    ['get', '', 'configmaps', 'somebody-elses'],
    ['create', '', 'pods/exec', 'postgresql-0'],
    ['delete', 'batch', 'jobs', 'postgresql-backup'],
  ];
  test.each(forAdministrators)('nobody but an administrator may: %s %s/%s %s', (...request) => {
    for (const role of ['backup-oncall', 'backup-restore'])
      expect(allows(objects, role, request)).toBe(false);
  });
});

/** `-l key=value` of a command. */
const selectorOf = (command: string): readonly [key: string, value: string] =>
  (/-l (\S+?)=(\S+)/.exec(command) ?? []).slice(1) as [string, string];

test.each(
  Object.entries(requests).filter(([, { asks }]) =>
    asks.every(([verb]) => ['get', 'list', 'watch'].includes(verb)),
  ),
)('who restores may look as well as who is on call: %s', (_, { asks }) => {
  for (const request of asks)
    expect([request, allows(objects, 'backup-restore', request)]).toEqual([request, true]);
});

const templates = (kind: string): readonly object[] =>
  objects.filter((object) => object.kind === kind).map((object) => at(object, 'spec.jobTemplate'));

const labelsIn = (candidates: readonly object[], path: string): readonly Record<string, string>[] =>
  candidates.map((object) => at(object, path));

describe('objects', () => {
  test('CronJobs are in the namespace that the commands name', () => {
    const cronJobs = objects.filter(({ kind }) => kind === 'CronJob');
    expect(cronJobs.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['postgresql-backup', 'influxdb-backup', 'redis-backup', 'backup-verification']),
    );
    expect(new Set(cronJobs.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['grill-stats']));
  });

  test('every Job has the label that kubectl get jobs selects', () => {
    const [key, value] = selectorOf('-l app.kubernetes.io/component=backup');
    const labels = labelsIn(templates('CronJob'), 'metadata.labels');
    expect(labels.map((each) => each[key])).toEqual(labels.map(() => value));
  });

  test.each(seedCommands.filter((command) => command.startsWith('kubectl logs') && command.includes(' -l ')))(
    'one CronJob starts pods that this selects: %s',
    (command) => {
      const [key, value] = selectorOf(command);
      const labels = labelsIn(templates('CronJob'), 'spec.template.metadata.labels');
      expect(labels.filter((each) => each[key] === value)).toHaveLength(1);
    },
  );

  test('the label that kubectl wait selects is the restore pod’s alone', () => {
    const [key, value] = selectorOf(seedCommands.find((command) => command.startsWith('kubectl wait'))!);
    const pods = objects.filter((object) => object.kind === 'Pod' && object.metadata.labels?.[key] === value);
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['backup-restore-job']);
  });

  test('names of Jobs made by hand fit, and belong to a CronJob', () => {
    for (const command of seedCommands.filter((each) => each.includes('--from=cronjob/'))) {
      const [, cronJob, name] = /--from=cronjob\/(\S+) (\S+)/.exec(command)!;
      expect(find(objects, 'CronJob', cronJob!).kind).toBe('CronJob');
      // the 63 characters of a Pod's label, less the suffix of five that its Job adds
      expect(name!.replace('$(date +%Y%m%d)', '20240101').length).toBeLessThanOrEqual(63 - '-abcde'.length);
    }
  });

  test('every script that a command calls is in ConfigMap backup-scripts, and called with options it has', () => {
    const scripts = find(objects, 'ConfigMap', 'backup-scripts')['data'] as Record<string, string>;
    const called = seedCommands
      .flatMap((command) => inRestorePod(command) ?? [])
      .filter((word) => word.startsWith('/scripts/'));
    expect(called.length).toBeGreaterThan(5);
    for (const path of called) expect(scripts).toHaveProperty([path.replace('/scripts/', '')]);
  });

  test('ConfigMap backup-config holds the keys of the seed, with the values of prod', () => {
    const data = find(objects, 'ConfigMap', 'backup-config')['data'] as Record<string, string>;
    expect(Object.keys(overrides).filter((key) => !(key in data))).toEqual([]);
    expect(data).toMatchObject({
      BACKUP_RETENTION_DAYS: '30',
      BACKUP_REMOTE_SYNC: 'true',
      BACKUP_REMOTE_BASE: 's3://grill-stats-backups',
      BACKUP_ENCRYPTION_ENABLED: 'true',
      NOTIFICATION_ENABLED: 'true',
    });
  });

  test('Secret backup-encryption-secret has a source, and no value in a manifest', () => {
    expect(find(objects, 'OnePasswordItem', 'backup-encryption-secret').kind).toBe('OnePasswordItem');
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  test('kubectl edit finds the CronJob and the scripts', () => {
    for (const command of seedCommands.filter((each) => each.startsWith('kubectl edit'))) {
      const [, , kind, name] = words(command);
      const kinds: Readonly<Record<string, string>> = { cronjob: 'CronJob', configmap: 'ConfigMap' };
      expect(find(objects, kinds[kind!]!, name!).metadata.namespace).toBe('grill-stats');
    }
  });

  test.each(['dev', 'prod'])(
    'manifests/%s is a folder for kubectl apply -k, which leaves the restore pod to kubectl apply -f',
    (name) => {
      const { resources } = load(
        readFileSync(join(root, `manifests/${name}/kustomization.yaml`), 'utf8'),
      ) as { resources: string[] };
      for (const file of resources) expect(existsSync(join(root, `manifests/${name}/${file}`))).toBe(true);
      expect(resources).not.toContain('backup-restore-job.yaml');
      const pod = load(
        readFileSync(join(root, `manifests/${name}/backup-restore-job.yaml`), 'utf8'),
      ) as KubernetesObject;
      expect([pod.kind, pod.metadata.name]).toEqual(['Pod', 'backup-restore-job']);
    },
  );
});
