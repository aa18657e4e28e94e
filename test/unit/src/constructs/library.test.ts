import { App, Chart, Testing } from 'cdk8s';
import type { Construct } from 'constructs';
import { describe, expect, test } from '@jest/globals';
import {
  BackupAccess,
  BackupCronJob,
  BackupMonitoring,
  BackupNetwork,
  BackupSecrets,
  BackupStorage,
  BackupSystem,
} from '../../../../src/index.ts';
import { environmentOf } from '../../../kit/environments.ts';
import { messageOf } from '../../../kit/plans.ts';
import { objectsOfExample } from '../../../kit/systems.ts';

const prod = environmentOf('prod');
const chart = () => new Chart(new App(), 'ledger', { namespace: 'ledger' });

/** What a chart holds with one construct in it, as another team would place it. */
const made = (place: (scope: Construct) => unknown): readonly string[] => {
  const scope = chart();
  place(scope);
  return (Testing.synth(scope) as { kind: string; metadata: { name: string } }[]).map(
    ({ kind, metadata }) => `${kind} ${metadata.name}`,
  );
};

const problems = (place: (scope: Construct) => unknown): readonly string[] =>
  messageOf(() => made(place))
    .split('\n')
    .slice(1)
    .map((line) => line.trim());

const cronJob = {
  system: { ...prod, platform: 'ledger' },
  name: 'accounts-backup',
  script: 'accounts-backup.sh',
  schedule: '0 2 * * *',
  deadline: '1h',
  resources: prod.resources,
} as const;

describe('each construct alone', () => {
  test('BackupStorage: the claim', () => {
    expect(made((scope) => new BackupStorage(scope, 'storage', { storage: { size: '5Gi' } }))).toEqual([
      'PersistentVolumeClaim backup-storage-pvc',
    ]);
  });

  test('BackupAccess: accounts, roles and bindings', () => {
    const props = { namespace: 'ledger', targets: [{ name: 'accounts' }], access: { oncallGroups: ['dba'] } };
    expect(made((scope) => new BackupAccess(scope, 'access', props))).toEqual([
      'ServiceAccount backup-operator',
      'ServiceAccount backup-restore',
      'Role backup-oncall',
      'RoleBinding backup-oncall',
      'Role backup-restore',
      'RoleBinding backup-restore',
    ]);
  });

  test('BackupSecrets: what an operator makes Secrets from', () => {
    const onePassword = { vault: 'ledger', items: { encryption: 'keys', notification: 'hooks' } };
    const props = { secrets: { onePassword }, stores: { directory: {} } };
    expect(made((scope) => new BackupSecrets(scope, 'secrets', props))).toEqual([
      'OnePasswordItem backup-encryption-secret',
    ]);
  });

  test('BackupNetwork: a policy for each need', () => {
    expect(made((scope) => new BackupNetwork(scope, 'network', prod))).toContain(
      'NetworkPolicy backup-default-deny',
    );
  });

  test('BackupCronJob: one run', () => {
    expect(made((scope) => new BackupCronJob(scope, 'accounts', cronJob))).toEqual([
      'CronJob accounts-backup',
    ]);
  });

  test('BackupMonitoring: exporter, alerts and dashboards', () => {
    expect(made((scope) => new BackupMonitoring(scope, 'monitoring', prod))).toEqual(
      expect.arrayContaining(['Deployment backup-exporter', 'PrometheusRule backup-alerts']),
    );
  });
});

describe('what is wrong is named by the path of its construct and field, with what to do', () => {
  const { secrets: _, ...withoutSecrets } = prod;

  test.each<readonly [string, (scope: Construct) => unknown, readonly string[]]>([
    [
      'BackupStorage',
      (scope) => new BackupStorage(scope, 'storage', { storage: { size: '5 GB' } }),
      ['[ledger/storage] storage.size: found "5 GB", expected a quantity such as 512Mi or 10Gi'],
    ],
    [
      'BackupAccess',
      (scope) =>
        new BackupAccess(scope, 'access', {
          namespace: 'ledger',
          targets: [{ name: '' }],
          access: { oncallGroups: [''] },
        }),
      [
        '[ledger/access] targets[0].name: found "", expected at least 1 characters',
        '[ledger/access] access.oncallGroups[0]: found "", expected at least 1 characters',
      ],
    ],
    [
      'BackupSecrets',
      (scope) => new BackupSecrets(scope, 'secrets', withoutSecrets as never),
      ['[ledger/secrets] secrets: found nothing, expected an object (add it)'],
    ],
    [
      'BackupNetwork',
      (scope) => new BackupNetwork(scope, 'network', { ...prod, network: { dns: { cidrs: ['10.0.0.1'] } } }),
      [
        '[ledger/network] network.dns.cidrs[0]: found "10.0.0.1", expected an address range such as 10.0.0.0/8',
      ],
    ],
    [
      'BackupCronJob',
      (scope) => new BackupCronJob(scope, 'accounts', { ...cronJob, schedule: 'daily', deadline: 'soon' }),
      [
        '[ledger/accounts] schedule: found "daily", expected five fields: minute hour day month weekday',
        '[ledger/accounts] deadline: found "soon", expected a duration such as 30m, 24h or 7d',
      ],
    ],
    [
      'BackupMonitoring',
      (scope) => new BackupMonitoring(scope, 'monitoring', { ...prod, logLevel: 'WARNING' as 'WARN' }),
      ['[ledger/monitoring] logLevel: found "WARNING", expected one of DEBUG, INFO, WARN, ERROR'],
    ],
  ])('%s', (_, place, expected) => {
    expect(problems(place)).toEqual(expected);
  });

  const system = (changes: object) => () =>
    new BackupSystem(new App(), 'ledger', { ...prod, ...changes }).concerns();

  test('BackupSystem: every problem at once', () => {
    expect(messageOf(system({ namespace: 'Ledger', storage: {} })).split('\n')).toEqual([
      '[ledger] namespace: found "Ledger", expected a name in lower case, or name and create',
      '[ledger] storage.size: found nothing, expected text (add it)',
    ]);
  });

  test('BackupSystem: two objects of one name', () => {
    expect(messageOf(system({ encryption: { secret: 'backup-notification-secret' } }))).toBe(
      '[ledger] OnePasswordItem backup-notification-secret: found 2 of this name, expected one (rename the others)',
    );
  });

  test('BackupSystem: a plan that fits no ConfigMap', () => {
    const email = {
      host: 'mail',
      from: 'backup@ledger.example',
      to: Array(40_000).fill('dba@ledger.example'),
    };
    expect(messageOf(system({ notifications: { enabled: true, email } }))).toMatch(
      /^\[ledger\/system\/config\] ConfigMap backup-config: found 1\d{6} bytes, expected at most 1048576 \(split the targets over two systems\)$/,
    );
  });

  test('cdk8s refuses to write such a system as well', () => {
    const app = new App();
    new BackupSystem(app, 'ledger', { ...prod, namespace: 'Ledger' });
    expect(messageOf(() => app.synth())).toMatch(
      /^Validation failed .*\n {2}\[ledger\] namespace: found "Ledger"/s,
    );
  });
});

describe('the example of another platform', () => {
  test('has its own names and labels, and nothing of this platform', async () => {
    const objects = await objectsOfExample('two-databases');
    const others = objects.filter(({ kind }) => !/^(Namespace|ValidatingAdmission.*)$/.test(kind));
    expect(new Set(others.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['ledger-data']));
    for (const { metadata } of objects)
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/part-of': 'ledger' });
    expect(objects.filter(({ kind }) => kind === 'CronJob').map(({ metadata }) => metadata.name)).toEqual([
      'accounts-backup',
      'journal-backup',
      'backup-verification',
      'backup-drill',
    ]);
    expect(JSON.stringify(objects)).not.toMatch(/grill-stats|Grill Stats|redis|influx|OnePassword/i);
  });

  test('takes its secrets from another store', async () => {
    const secrets = (await objectsOfExample('two-databases')).filter(({ kind }) => kind === 'ExternalSecret');
    expect(secrets).toMatchObject([
      {
        metadata: { name: 'ledger-backup-keys' },
        spec: { secretStoreRef: { kind: 'SecretStore', name: 'vault-ledger' } },
      },
    ]);
  });
});
