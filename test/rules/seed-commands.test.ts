import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { overrides } from '../../runtime/src/contract/overrides.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { at, environmentNames, environmentOf, find, objectsOf, root } from '../kit/environments.ts';
import { groupsMay, type Request } from '../kit/rbac.ts';
import { personOf, roles, rolesOf } from '../cluster/people.ts';
import { readRecordings } from '../cluster/recording.ts';
import { everyRequest, forbidden, seedRequests } from '../cluster/seed-requests.ts';
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
    expect(existsSync(join(root, file))).toBe(true);
    expect(readFileSync(join(root, file), 'utf8')).toContain(`'${title}`);
  });
});

const recorded = readRecordings().flatMap(({ server, environments }) =>
  environmentNames.flatMap((name) =>
    roles.map((role) => ({ server, name, role, answers: environments[name].rights[role] })),
  ),
);

const inWords = (request: Request): string => request.join(' ');

describe.each(recorded)('the authorizer of $server to $role in $name', ({ name, role, answers }) => {
  const environment = environmentOf(name);
  const { groups } = personOf(environment, role);

  test('was asked all of it: else KUBECONFIG=… npm run test:cluster, and commit', () => {
    expect(Object.keys(answers)).toEqual(everyRequest.map(inWords));
  });

  test('answers as the rules of today are read here', () => {
    const read = everyRequest.map((request) => [
      inWords(request),
      groupsMay(objectsOf(environment), groups, request),
    ]);
    expect(Object.fromEntries(read)).toEqual(answers);
  });

  test.each(Object.entries(seedRequests))('keeps what the page promises: %s', (_, { who, asks }) => {
    const may = rolesOf(environment, role).some((each) => who.includes(each));
    const allowed = asks.map(inWords).filter((request) => answers[request]);
    if (may) expect(allowed).toEqual(asks.map(inWords));
    else expect(allowed.length).toBeLessThan(asks.length);
  });

  test.each(forbidden)('leaves to administrators: %s %s/%s %s', (...request) => {
    expect(answers[inWords(request)]).toBe(false);
  });
});

/** `-l key=value` of a command. */
const selectorOf = (command: string): readonly [key: string, value: string] =>
  (/-l (\S+?)=(\S+)/.exec(command) ?? []).slice(1) as [string, string];

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
