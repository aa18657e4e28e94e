import { describe, expect, test } from '@jest/globals';
import { exitCodes, finalExitCodes } from '../../../../runtime/src/contract/exit-codes.ts';
import { failures } from '../../../../runtime/src/core/errors.ts';
import { planOf, type Environment } from '../../../../src/environment/environment.ts';
import {
  at,
  environmentNames,
  environmentOf,
  environmentWith,
  find,
  objectsOf,
  podsOf,
} from '../../../kit/environments.ts';
import { schemaProblems } from '../../../kit/kubernetes-schemas.ts';

const prod = environmentOf('prod');
const objects = objectsOf(prod);
const jobs = ['postgresql-backup', 'influxdb-backup', 'redis-backup', 'backup-verification', 'backup-drill'];
const bases = (environment: Environment) =>
  environment.targets.flatMap(({ name, pointInTime }) =>
    pointInTime ? [{ name: `${name}-base`, schedule: pointInTime.base.schedule }] : [],
  );
const spec = (name: string, from = objects) => at(find(from, 'CronJob', name), 'spec');
const pod = (name: string, from = objects) => at(spec(name, from), 'jobTemplate.spec.template.spec');
const folders = (name: string) =>
  pod(name).containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
const volume = (name: string, mountPath: string, from = objects) => {
  const { name: volumeName } = pod(name, from).containers[0].volumeMounts.find(
    (mount: { mountPath: string }) => mount.mountPath === mountPath,
  );
  return pod(name, from).volumes.find((one: { name: string }) => one.name === volumeName);
};

describe.each(environmentNames)('CronJobs of %s', (name) => {
  const all = objectsOf(environmentOf(name)).filter(({ kind }) => kind === 'CronJob');

  test('are those of the seed and those of bases, at the times of the environment', () => {
    const environment = environmentOf(name);
    const { targets, verification, drill } = environment;
    const ofSeed = [...targets, verification, drill].map(({ schedule }, index) => [jobs[index], schedule]);
    const ofBases = bases(environment).map((base) => [base.name, base.schedule]);
    const found = all.map((object) => [object.metadata.name, at(object, 'spec.schedule')]);
    expect(found.toSorted()).toEqual([...ofSeed, ...ofBases].toSorted());
    expect(ofBases.length).toBe(name === 'prod' ? 1 : 0);
  });

  test('run in UTC, one at a time, late rather than never', () => {
    for (const object of all) {
      expect(object['spec']).toMatchObject({
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
      });
      expect(at(object, 'spec.startingDeadlineSeconds')).toBeGreaterThanOrEqual(3600);
    }
  });

  test('carry the labels of kubectl -l on CronJob, Job and pod', () => {
    for (const object of all) {
      const labels = {
        'app.kubernetes.io/name': object.metadata.name,
        'app.kubernetes.io/component': 'backup',
        'app.kubernetes.io/part-of': 'grill-stats',
      };
      expect(object.metadata.labels).toEqual(labels);
      expect(at(object, 'spec.jobTemplate.metadata.labels')).toEqual(labels);
      expect(at(object, 'spec.jobTemplate.spec.template.metadata.labels')).toEqual(labels);
    }
  });
});

describe('a run', () => {
  test.each([
    ['postgresql-backup', '/scripts/postgresql-backup.sh', 3600],
    ['influxdb-backup', '/scripts/influxdb-backup.sh', 3600],
    ['redis-backup', '/scripts/redis-backup.sh', 1800],
    ['backup-verification', '/scripts/verify-backups.sh', 7200],
    ['backup-drill', '/scripts/drill-backups.sh', 21_600],
  ])('of %s is %s, for at most %d s', (name, script, deadlineSeconds) => {
    expect(pod(name).containers[0].command).toEqual([script]);
    expect(pod(name).containers[0].args).toBeUndefined();
    expect(spec(name).jobTemplate.spec.activeDeadlineSeconds).toBe(deadlineSeconds);
    expect(at(find(objects, 'ConfigMap', 'backup-scripts'), 'data')[script.replace('/scripts/', '')]).toMatch(
      /^#!\/bin\/sh\nexec grill-backup /,
    );
  });

  test('is tried again unless it ended with a code that another try cannot change', () => {
    expect(spec('redis-backup').jobTemplate.spec).toMatchObject({
      backoffLimit: 2,
      ttlSecondsAfterFinished: 7 * 86_400,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'FailJob',
            onExitCodes: { containerName: 'backup', operator: 'In', values: [2, 6, 7, 8] },
          },
        ],
      },
    });
    expect(pod('redis-backup')).toMatchObject({ restartPolicy: 'Never', containers: [{ name: 'backup' }] });
  });

  test('has one pod unless the environment says otherwise', () => {
    for (const name of jobs)
      for (const field of ['completionMode', 'completions', 'parallelism', 'backoffLimitPerIndex'])
        expect([name, field, spec(name).jobTemplate.spec[field]]).toEqual([name, field, undefined]);
  });

  test('ends for good exactly with the codes of which no failure is retryable', () => {
    const codes = Object.values(exitCodes).filter(
      (code) => code !== exitCodes.ok && code !== exitCodes.unexpected,
    );
    const final = codes.filter((code) =>
      Object.values(failures).every(({ exit, retryable }) => exit !== code || !retryable),
    );
    expect([...finalExitCodes].sort()).toEqual(final.sort());
  });

  test('sees the folders it needs and the secrets of its own database only', () => {
    const common = ['/backup', '/config', '/scripts', '/tmp', '/secrets/backup-encryption-secret'];
    const notification = '/secrets/backup-notification-secret';
    expect(folders('postgresql-backup')).toEqual([...common, '/secrets/postgresql-secret', notification]);
    expect(folders('influxdb-backup')).toEqual([...common, '/secrets/influxdb-secret', notification]);
    expect(folders('redis-backup')).toEqual([...common, '/secrets/redis-secret', notification]);
    expect(folders('backup-verification')).toEqual([...common, notification]);
    expect(folders('backup-drill')).toEqual([...common, notification]);
  });

  test('that drills gets the secrets of the servers named for it, and starts although one is missing', () => {
    const [first, ...others] = prod.targets;
    const named = {
      connection: { host: 'drills', database: 'postgres' },
      secret: { name: 'drill-secret', keys: { password: 'PGPASSWORD' } },
      network: { podLabels: { app: 'drills' } },
    };
    const environment = environmentWith('prod', { targets: [{ ...first, drill: named }, ...others] });
    const from = objectsOf(environment);
    expect(volume('backup-drill', '/secrets/drill-secret', from).secret).toMatchObject({
      optional: true,
      items: [
        { key: 'username', path: 'username' },
        { key: 'PGPASSWORD', path: 'PGPASSWORD' },
      ],
    });
    expect(pod('postgresql-backup', from).volumes).toEqual(pod('postgresql-backup').volumes);
    expect(planOf(environment).targets[0]!.drill).toEqual({
      connection: { host: 'drills', port: 5432, database: 'postgres', sslMode: 'prefer' },
      secret: { name: 'drill-secret', keys: { username: 'username', password: 'PGPASSWORD' } },
    });
  });

  test('that drills has room for a restored database in its scratch folder', () => {
    expect(volume('backup-drill', '/tmp').emptyDir).toEqual({ sizeLimit: '50Gi' });
    expect(pod('backup-drill').containers[0].resources.limits['ephemeral-storage']).toBe('50Gi');
    const from = objectsOf(environmentWith('prod', { drill: {} }));
    expect(volume('backup-drill', '/tmp', from).emptyDir).toEqual({ sizeLimit: '10Gi' });
  });

  test('gets the keys it reads, or all of them where some may be absent', () => {
    const items = ['username', 'password'].map((key) => ({ key, path: key }));
    expect(volume('postgresql-backup', '/secrets/postgresql-secret').secret.items).toEqual(items);
    expect(volume('redis-backup', '/secrets/redis-secret').secret.items).toBeUndefined();
    expect(volume('influxdb-backup', '/secrets/influxdb-secret').secret.items).toBeUndefined();
  });

  test('gets renamed keys under their own names', () => {
    const [first, ...others] = prod.targets;
    const renamed = {
      ...first,
      secret: { name: 'pg', keys: { username: 'PGUSER', password: 'PGPASSWORD' } },
    };
    const from = objectsOf(environmentWith('prod', { targets: [renamed, ...others] }));
    expect(volume('postgresql-backup', '/secrets/pg', from).secret.items).toEqual([
      { key: 'PGUSER', path: 'PGUSER' },
      { key: 'PGPASSWORD', path: 'PGPASSWORD' },
    ]);
  });

  test('does not wait for the notification secret', () => {
    expect(volume('redis-backup', '/secrets/backup-notification-secret').secret.optional).toBe(true);
    expect(volume('redis-backup', '/secrets/backup-encryption-secret').secret.optional).toBeUndefined();
  });

  test('mounts no notification secret where notifications are off', () => {
    const mounted = podsOf(objectsOf(environmentOf('dev'))).flatMap(({ spec }) =>
      spec.volumes.map(({ name }: { name: string }) => name),
    );
    expect(mounted).not.toContain('secret-backup-notification-secret');
  });

  test('mounts one Secret that holds the passphrase and the credentials once', () => {
    const [first] = prod.targets;
    const from = objectsOf(
      environmentWith('prod', { targets: [{ ...first, secret: { name: 'backup-encryption-secret' } }] }),
    );
    const volumes = pod('postgresql-backup', from).volumes.map(({ name }: { name: string }) => name);
    expect(volumes.filter((name: string) => name === 'secret-backup-encryption-secret')).toHaveLength(1);
    expect(
      volume('postgresql-backup', '/secrets/backup-encryption-secret', from).secret.items,
    ).toBeUndefined();
  });

  test('may have resources of its own', () => {
    const own = {
      requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
      limits: { cpu: '2', memory: '4Gi', ephemeralStorage: '20Gi' },
    };
    const [first, ...others] = prod.targets;
    const from = objectsOf(environmentWith('prod', { targets: [{ ...first, resources: own }, ...others] }));
    expect(pod('postgresql-backup', from).containers[0].resources.limits).toEqual({
      cpu: '2',
      memory: '4Gi',
      'ephemeral-storage': '20Gi',
    });
    expect(volume('postgresql-backup', '/tmp', from).emptyDir).toEqual({ sizeLimit: '20Gi' });
    expect(pod('redis-backup', from).containers[0].resources.limits).toEqual({
      cpu: '1', // 1000m, as the API server stores it
      memory: '2Gi',
      'ephemeral-storage': '10Gi',
    });
  });

  test('takes the image by digest where one is given', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const from = objectsOf(
      environmentWith('prod', {
        image: { repository: 'registry.example.com:5000/backup', tag: '1.2.3', digest },
      }),
    );
    expect(pod('redis-backup', from).containers[0].image).toBe(
      `registry.example.com:5000/backup:1.2.3@${digest}`,
    );
  });

  test.each([
    ['ReadWriteOnce', 1],
    ['ReadWriteMany', 0],
  ])('on a volume that is %s goes to the node of the others: %d term', (accessMode, terms) => {
    const from = objectsOf(environmentWith('prod', { storage: { size: '1Gi', accessMode } }));
    expect(
      pod('redis-backup', from).affinity?.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.length ??
        0,
    ).toBe(terms);
  });
});

describe('a run of several pods', () => {
  const environment = environmentWith('prod', {
    verification: { ...prod.verification, parallelism: 3 },
    drill: { ...prod.drill, parallelism: 2 },
  });
  const from = objectsOf(environment);
  const variables = (name: string) => pod(name, from).containers[0].env;

  test.each([
    ['backup-verification', 3],
    ['backup-drill', 2],
  ])('%s is an Indexed Job of %d, of which each index is tried again alone', (name, count) => {
    expect(spec(name, from).jobTemplate.spec).toMatchObject({
      completionMode: 'Indexed',
      completions: count,
      parallelism: count,
      backoffLimitPerIndex: 2,
      activeDeadlineSeconds: spec(name).jobTemplate.spec.activeDeadlineSeconds,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'FailIndex',
            onExitCodes: { containerName: 'backup', operator: 'In', values: [2, 6, 7, 8] },
          },
        ],
      },
    });
    // with a limit for all together, the tries of one index would be taken from the others
    expect(spec(name, from).jobTemplate.spec).not.toHaveProperty('backoffLimit');
  });

  test('tells each pod how many there are, and which Job it belongs to', () => {
    expect(variables('backup-verification').slice(-2)).toEqual([
      { name: 'BACKUP_PARTS', value: '3' },
      {
        name: 'BACKUP_RUN',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
      },
    ]);
  });

  test('changes nothing else, in no other object but the policy on Jobs', () => {
    const others = (all: typeof objects) =>
      all.filter(({ metadata }) => !/^backup-(verification|drill)$|backup-jobs$/.test(metadata.name));
    expect(others(from)).toEqual(others(objects));
    for (const name of ['backup-verification', 'backup-drill']) {
      const { containers, ...rest } = pod(name);
      expect(pod(name, from)).toEqual({
        ...rest,
        containers: [{ ...containers[0], env: variables(name) }],
      });
    }
    expect(planOf(environment)).toEqual(planOf(prod));
  });

  test('fits the schema of Kubernetes', () => {
    expect(from.filter(({ kind }) => kind === 'CronJob').flatMap(schemaProblems)).toEqual([]);
  });
});

describe('certificates of a connection', () => {
  const [postgresql, , redis] = prod.targets;
  const tls = { ca: { configMap: 'kube-root-ca.crt' }, client: { secret: 'redis-tls', key: 'private.pem' } };
  const secured = (more: object, target = redis!) =>
    objectsOf(
      environmentWith('prod', { targets: [{ ...target, connection: { ...target.connection, tls: more } }] }),
    );
  const certificate = (objects: ReturnType<typeof objectsOf>) => [
    volume('redis-backup', '/certificates/kube-root-ca.crt', objects),
    volume('redis-backup', '/secrets/redis-tls', objects),
  ];

  test('are mounted with no more than the keys that are named', () => {
    expect(certificate(secured(tls))).toEqual([
      {
        name: 'configmap-kube-root-ca--crt',
        configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
      },
      {
        name: 'secret-redis-tls',
        secret: {
          secretName: 'redis-tls',
          defaultMode: 0o440,
          items: ['tls.crt', 'private.pem'].map((key) => ({ key, path: key })),
        },
      },
    ]);
  });

  test('that share a Secret with each other or with the credentials are one volume', () => {
    const own = { ca: { secret: 'postgresql-secret' }, client: { secret: 'postgresql-secret' } };
    const { sslMode: _, ...connection } = postgresql!.connection as Record<string, unknown>; // tls says it
    const all = secured(own, { ...postgresql!, connection } as typeof redis);
    expect(volume('postgresql-backup', '/secrets/postgresql-secret', all).secret.items).toEqual(
      ['username', 'password', 'ca.crt', 'tls.crt', 'tls.key'].map((key) => ({ key, path: key })),
    );
  });

  test('are optional in the restore pod, which other targets need as well', () => {
    const { volumes } = find(secured(tls), 'Pod', 'backup-restore-job')['spec'] as {
      volumes: { configMap?: { name: string; optional?: boolean } }[];
    };
    const ca = volumes.find(({ configMap }) => configMap?.name === 'kube-root-ca.crt');
    expect(ca?.configMap?.optional).toBe(true);
  });

  test('are in the plan, where the runtime finds them', () => {
    const { data } = find(secured(tls), 'ConfigMap', 'backup-config') as unknown as {
      data: Record<string, string>;
    };
    expect(JSON.parse(data['plan.json']!).targets[0].connection.tls).toEqual({
      ca: { configMap: 'kube-root-ca.crt', key: 'ca.crt' },
      client: { secret: 'redis-tls', certificate: 'tls.crt', key: 'private.pem' },
      verify: 'full',
    });
  });
});
