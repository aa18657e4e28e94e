import { describe, expect, test } from '@jest/globals';
import { synthesize } from '../../../../src/constructs/backup-system.ts';
import { serverCommand } from '../../../../src/constructs/server-command.ts';
import { at, environmentOf, environmentWith, find, objectsOf, podsOf } from '../../../kit/environments.ts';
import { withAccessKey } from '../../../kit/aws.ts';
import { schemaProblems } from '../../../kit/kubernetes-schemas.ts';

const prod = environmentOf('prod');
const objects = objectsOf(prod);

test('the restore pod alone is applied by hand', () => {
  expect(
    synthesize(prod)
      .filter(({ byHand }) => byHand)
      .map(({ name, objects }) => [name, objects.length]),
  ).toEqual([['backup-restore-job', 1]]);
});

test('everything but what has none lies in the namespace, and that has its name', () => {
  const elsewhere = objectsOf(environmentWith('prod', { namespace: 'bbq' })).filter(
    ({ metadata }) => metadata.namespace !== 'bbq',
  );
  expect(elsewhere.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ...['bbq-backup-jobs', 'bbq-backup-restore-pod'].flatMap((name) => [
      ['ValidatingAdmissionPolicy', name],
      ['ValidatingAdmissionPolicyBinding', name],
    ]),
    ['ClusterRoleBinding', 'bbq-backup-console-people'],
  ]);
});

test("the namespace is the platform's, unless the environment says that it is made", () => {
  expect(objects.filter(({ kind }) => kind === 'Namespace')).toEqual([]);
  const namespace = { name: 'grill-stats', create: true };
  const [made] = objectsOf(environmentWith('prod', { namespace })).filter(({ kind }) => kind === 'Namespace');
  expect(Object.keys(made!.metadata.labels!).filter((label) => label.startsWith('pod-security'))).toEqual(
    ['audit', 'audit-version', 'warn', 'warn-version'].map((mode) => `pod-security.kubernetes.io/${mode}`),
  );
  expect(environmentWith('prod', { namespace: { name: 'grill-stats' } }).namespace.create).toBe(false);
  expect(() => environmentWith('prod', { namespace: { create: true } })).toThrow(/namespace/);
});

test('a quota and a limit range are made where they are asked for', () => {
  const amounts = { cpu: '8', memory: '16Gi', ephemeralStorage: '100Gi' };
  const limitRange = { requests: { ...amounts, cpu: '1' }, limits: amounts };
  const asked = objectsOf(
    environmentWith('prod', { quota: { pods: 10, requests: amounts, limits: amounts }, limitRange }),
  );
  expect(find(asked, 'ResourceQuota', 'backup-quota')['spec']).toEqual({
    hard: {
      pods: 10,
      'requests.cpu': '8',
      'requests.memory': '16Gi',
      'requests.ephemeral-storage': '100Gi',
      'limits.cpu': '8',
      'limits.memory': '16Gi',
      'limits.ephemeral-storage': '100Gi',
    },
  });
  expect(find(asked, 'LimitRange', 'backup-limits')['spec']).toEqual({
    limits: [
      {
        type: 'Container',
        defaultRequest: { cpu: '1', memory: '16Gi', 'ephemeral-storage': '100Gi' },
        default: { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi' },
      },
    ],
  });
  expect(objects.map(({ kind }) => kind)).not.toContain('ResourceQuota');
  expect(asked.flatMap(schemaProblems)).toEqual([]);
});

test('every pod has the priority class and the pull secrets that are asked for', () => {
  const image = { ...prod.image, pullSecrets: ['registry'] };
  for (const { spec } of podsOf(objectsOf(environmentWith('prod', { priorityClass: 'backups', image }))))
    expect(spec).toMatchObject({ priorityClassName: 'backups', imagePullSecrets: [{ name: 'registry' }] });
  for (const { spec } of podsOf(objects))
    expect([spec.priorityClassName, spec.imagePullSecrets]).toEqual([undefined, undefined]);
});

test('the volume is as large and of the class and mode that is asked for', () => {
  const environment = environmentWith('prod', {
    storage: { size: '1Ti', className: 'fast', accessMode: 'ReadWriteMany' },
  });
  expect(find(objectsOf(environment), 'PersistentVolumeClaim', 'backup-storage-pvc')['spec']).toEqual({
    accessModes: ['ReadWriteMany'],
    storageClassName: 'fast',
    resources: { requests: { storage: '1Ti' } },
  });
});

describe('one more target', () => {
  const [, , redis] = prod.targets;
  const added = {
    ...redis,
    name: 'sessions',
    connection: { host: 'sessions' },
    secret: { name: 'sessions-secret' },
    network: { podLabels: { app: 'sessions' } },
  };
  const names = (from: typeof objects) => from.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const after = objectsOf(environmentWith('prod', { targets: [...prod.targets, added] }));

  test('brings its CronJob and its NetworkPolicies', () => {
    expect(names(after).filter((name) => !names(objects).includes(name))).toEqual([
      'NetworkPolicy sessions-backup-to-database',
      'NetworkPolicy sessions-to-restore',
      'CronJob sessions-backup',
    ]);
  });

  test('is in scripts, alerts, roles and the restore pod', () => {
    expect(Object.keys(at(find(after, 'ConfigMap', 'backup-scripts'), 'data'))).toEqual(
      expect.arrayContaining(['sessions-backup.sh', 'sessions-restore.sh']),
    );
    expect(JSON.stringify(find(after, 'PrometheusRule', 'backup-alerts'))).toContain(
      'redis-backup|sessions-backup',
    );
    expect(JSON.stringify(find(after, 'Role', 'backup-oncall'))).toContain('"sessions-backup"');
    expect(JSON.stringify(find(after, 'Pod', 'backup-restore-job'))).toContain('/secrets/sessions-secret');
  });
});

describe('secrets', () => {
  test('come from 1Password by default', () => {
    expect(find(objects, 'OnePasswordItem', 'backup-encryption-secret')['spec']).toEqual({
      itemPath: 'vaults/grill-stats/items/backup-encryption-secret',
    });
  });

  const externalSecret = {
    storeName: 'vault',
    remoteKeys: { encryption: 'backup/encryption', notification: 'backup/notify' },
  };
  const dataOf = (changes: object) =>
    at(
      find(
        objectsOf(environmentWith('prod', { ...withAccessKey(), secrets: { externalSecret }, ...changes })),
        'ExternalSecret',
        'backup-encryption-secret',
      ),
      'spec.data',
    ).map(({ secretKey }: { secretKey: string }) => secretKey);

  test('come from an external store where that is asked for, and outlive it', () => {
    const notifications = {
      enabled: true,
      webhook: {},
      slack: { channel: '#backups' },
      email: { host: 'mail', from: 'backup@example.com', to: ['ops@example.com'], user: 'backup' },
    };
    const environment = environmentWith('prod', { secrets: { externalSecret }, notifications });
    expect(find(objectsOf(environment), 'ExternalSecret', 'backup-notification-secret')['spec']).toEqual({
      refreshInterval: '1h',
      secretStoreRef: { name: 'vault', kind: 'ClusterSecretStore' },
      target: { name: 'backup-notification-secret', creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: ['webhook-url', 'slack-token', 'email-password'].map((key) => ({
        secretKey: key,
        remoteRef: { key: 'backup/notify', property: key },
      })),
    });
  });

  test('ask for no key that no channel reads', () => {
    const environment = environmentWith('prod', { secrets: { externalSecret } });
    const { data } = at(find(objectsOf(environment), 'ExternalSecret', 'backup-notification-secret'), 'spec');
    expect(data.map(({ secretKey }: { secretKey: string }) => secretKey)).toEqual(['webhook-url']);
  });

  test('hold every passphrase of the plan', () => {
    const keys = ['2025', '2024'].map((year) => ({ id: `key-${year}`, secretKey: `encryption-key-${year}` }));
    expect(dataOf({ encryption: { keys } })).toEqual([
      'encryption-key-2025',
      'encryption-key-2024',
      's3-access-key',
      's3-secret-key',
    ]);
  });

  test('are no object at all where Pulumi writes them, as a manifest would hold their values', () => {
    const concerns = synthesize(environmentWith('prod', { secrets: { pulumi: true } }));
    expect(concerns.map(({ name }) => name)).not.toContain('secrets');
    expect(JSON.stringify(concerns)).not.toMatch(/"kind":"(Secret|OnePasswordItem|ExternalSecret)"/);
    expect(concerns.every(({ objects }) => objects.length > 0)).toBe(true);
  });

  test('hold S3 keys only where the store needs them', () => {
    expect(dataOf({})).toEqual(['encryption-key', 's3-access-key', 's3-secret-key']);
    const stores = { s3: { base: 's3://bucket', credentials: 'default-chain' } };
    expect(dataOf({ stores, aws: {} })).toEqual(['encryption-key']);
  });
});

describe('service accounts', () => {
  const annotationsOf = (changes: Readonly<Record<string, unknown>>) =>
    ['backup-operator', 'backup-restore'].map(
      (name) => find(objectsOf(environmentWith('prod', changes)), 'ServiceAccount', name).metadata,
    );

  test('name the role of the pods where AWS gives them one', () => {
    for (const metadata of annotationsOf({}))
      expect(metadata).toMatchObject({
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/grill-stats-backups' },
      });
  });

  test('name none where the pods use an access key, or nothing is made in AWS', () => {
    for (const metadata of [...annotationsOf({ ...withAccessKey() }), ...annotationsOf({ aws: {} })])
      expect(metadata).not.toHaveProperty('annotations');
  });
});

describe('roles', () => {
  const rules = (name: string) =>
    at(find(objects, 'Role', name), 'rules').map(
      ({ resources, verbs, resourceNames }: Record<string, string[]>) =>
        [
          `${verbs!.join(',')} ${resources!.join(',')}`,
          ...(resourceNames ? [resourceNames.join(',')] : []),
        ].join(': '),
    );

  test('on-call may look, start backups, and exec into the restore pod', () => {
    expect(rules('backup-oncall')).toEqual([
      'get,list,watch jobs',
      'get,list,watch pods',
      'get pods/log',
      'get configmaps: backup-config,backup-scripts',
      'get,list,watch events',
      'list,watch cronjobs',
      'get cronjobs: postgresql-backup,influxdb-backup,redis-backup,postgresql-base,backup-verification,backup-drill',
      'create jobs',
      'create,get pods/exec: backup-restore-job',
    ]);
  });

  test('who restores may also create and delete the restore pod', () => {
    expect(rules('backup-restore')).toEqual([
      'get,list,watch jobs',
      'get,list,watch pods',
      'get pods/log',
      'get configmaps: backup-config,backup-scripts',
      'get,list,watch events',
      'list,watch cronjobs',
      'get cronjobs: postgresql-backup,influxdb-backup,redis-backup,postgresql-base,backup-verification,backup-drill',
      'create pods',
      'patch,delete pods: backup-restore-job',
      'create,get pods/exec: backup-restore-job',
    ]);
  });

  test('are bound to the groups of the environment and to no service account', () => {
    const subjects = (name: string) =>
      at(find(objects, 'RoleBinding', name), 'subjects').map(
        ({ kind, name }: Record<string, string>) => `${kind} ${name}`,
      );
    expect(subjects('backup-oncall')).toEqual(['Group grill-stats-oncall']);
    expect(subjects('backup-restore')).toEqual(['Group grill-stats-platform']);
  });
});

describe('the exporter', () => {
  const deployment = find(objects, 'Deployment', 'backup-exporter');
  const pod = at(deployment, 'spec.template.spec');

  test('reads the archives and no secret but the passphrase', () => {
    const [container] = pod.containers;
    expect(container.command).toEqual(serverCommand('serve'));
    expect(
      container.volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === '/backup').readOnly,
    ).toBe(true);
    expect(JSON.stringify(pod.volumes).match(/[a-z-]+-secret(?=")/g)).toEqual(
      Array(2).fill(expect.stringMatching(/^(secret-)?backup-encryption-secret$/)),
    );
  });

  test('is scraped through its Service', () => {
    const service = find(objects, 'Service', 'backup-exporter');
    const monitor = find(objects, 'ServiceMonitor', 'backup-monitoring');
    expect(at(service, 'spec.selector')).toEqual(at(deployment, 'spec.template.metadata.labels'));
    expect(service.metadata.labels).toEqual(at(monitor, 'spec.selector.matchLabels'));
    expect(at(monitor, 'spec.endpoints')[0].port).toBe(at(service, 'spec.ports')[0].name);
    expect(pod.containers[0].ports).toEqual([
      { name: at(service, 'spec.ports')[0].targetPort, containerPort: 9187 },
    ]);
    expect(monitor.metadata.labels).toMatchObject({ release: 'prometheus' });
  });

  test('rolls when the plan changes', () => {
    const checksum = (from: typeof objects) =>
      at(find(from, 'Deployment', 'backup-exporter'), 'spec.template.metadata.annotations');
    expect(checksum(objectsOf(environmentWith('prod', { logLevel: 'WARN' })))).not.toEqual(checksum(objects));
    expect(checksum(objectsOf(environmentWith('prod', { namespace: 'bbq' })))).toEqual(checksum(objects));
  });
});

describe('the Secret of the exporter', () => {
  const secretOf = (changes: Readonly<Record<string, unknown>>) =>
    at(
      find(
        objectsOf(environmentWith('prod', { ...withAccessKey(), ...changes })),
        'Deployment',
        'backup-exporter',
      ),
      'spec.template.spec',
    )
      .volumes.find(({ name }: { name: string }) => name === 'secret-backup-encryption-secret')
      ?.projected.sources.map(({ secret }: { secret: object }) => secret);
  const item = (key: string, path = key) => ({ key, path });
  const name = 'backup-encryption-secret';

  test('is mounted with the keys that it reads', () => {
    const keys = [item('s3-access-key'), item('s3-secret-key')];
    expect(secretOf({})).toEqual([
      { name, items: [item('encryption-key')] },
      { name, items: keys, optional: true },
    ]);
  });

  test('has an account that only reads in the place of the one that writes, where one is named', () => {
    const exporterS3Keys = { accessKey: 'reader-id', secretKey: 'reader-key' };
    const [, account] = secretOf({ exporterS3Keys });
    expect(account.items).toEqual([item('reader-id', 's3-access-key'), item('reader-key', 's3-secret-key')]);
    expect(JSON.stringify(secretOf({ exporterS3Keys }))).not.toMatch(/"key":"s3-/);
  });

  test('has no S3 keys where pods have a role', () => {
    const { s3 } = environmentOf('prod').stores;
    const stores = { directory: { path: '/backup' }, s3: { ...s3, credentials: 'default-chain' } };
    expect(secretOf({ stores, aws: { enabled: false } })).toEqual([
      { name, items: [item('encryption-key')] },
    ]);
  });
});
