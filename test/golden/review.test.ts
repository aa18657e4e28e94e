import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { review } from '../../src/review/review.ts';
import { changesBetween, snapshotOf, type Files } from '../../src/review/snapshot.ts';
import { graded } from '../../src/review/grade.ts';
import { what } from '../../src/review/report.ts';
import type { Graded } from '../../src/review/change.ts';
import { synthesizedFiles } from '../../src/review/sources.ts';
import { root } from '../kit/environments.ts';
import { repositoryIn, type EnvironmentDraft } from '../kit/git.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

const folder = workFolder('review');
afterAll(() => removeFolder(folder));

type Edit = (draft: EnvironmentDraft) => void;
const asItIs: Edit = () => {};

const told = ({ grade, object: { kind, name }, ...change }: Graded): string => `${grade}: ${kind} ${name} ${what(change)}`.replaceAll(/\[\d+\]/g, '[n]'); // where a list has names, places do not matter

/** Changes of prod's environment file, as a branch makes them; the text of each is what a reviewer is told. */
const prepared: Readonly<Record<string, { readonly before?: Edit; readonly after: Edit; readonly told: unknown }>> = {
  'the volume shrinks': {
    after: (prod) => (prod.storage.size = '50Gi'),
    told: ['data-loss: PersistentVolumeClaim backup-storage-pvc spec.resources.requests.storage: 100Gi → 50Gi'],
  },
  'the volume gets another class': {
    after: (prod) => (prod.storage.className = 'fast'),
    told: ['data-loss: PersistentVolumeClaim backup-storage-pvc spec.storageClassName: added fast'],
  },
  'Object Lock is lowered': {
    after: (prod) => (prod.aws.objectLock.days = 3),
    told: [
      'data-loss: aws:BucketObjectLockConfiguration archives spec.rule.defaultRetention.days: 7 → 3',
      'data-loss: aws:BucketObjectLockConfiguration replica spec.rule.defaultRetention.days: 7 → 3',
      // as far as locks of parts may be prolonged
      'exposure: aws:BucketPolicy archives spec.policy.Statement[BackupsProlongNoFurther].Condition.NumericGreaterThan.s3:object-lock-remaining-retention-days: 8 → 4',
    ],
  },
  'retention of one target is shortened': {
    before: (prod) => delete prod.aws.objectLock,
    after: (prod) => (prod.targets[2].retention = { days: 3, monthly: 0 }),
    told: ['data-loss: ConfigMap backup-config data.plan.json.targets[redis].retention.days: 7 → 3'],
  },
  'the default of retention is shortened, which three targets take over in part': {
    after: (prod) => (prod.retention.weekly = 1),
    told: [
      'data-loss: ConfigMap backup-config data.plan.json.retention.weekly: 4 → 1',
      'data-loss: ConfigMap backup-config data.plan.json.targets[influxdb].retention.weekly: 4 → 1',
      'data-loss: ConfigMap backup-config data.plan.json.targets[postgresql].retention.weekly: 4 → 1',
      'data-loss: ConfigMap backup-config data.plan.json.targets[redis].retention.weekly: 4 → 1',
    ],
  },
  'the bucket is renamed': {
    after: (prod) => (prod.stores.s3.base = 's3://other-backups'),
    told: [
      'data-loss: ConfigMap backup-config data.BACKUP_REMOTE_BASE: s3://grill-stats-backups → s3://other-backups',
      'data-loss: ConfigMap backup-config data.plan.json.stores.s3.base: s3://grill-stats-backups → s3://other-backups',
      'data-loss: aws:Bucket archives spec.bucket: grill-stats-backups → other-backups',
      'data-loss: aws:Bucket archives-logs spec.bucket: grill-stats-backups-logs → other-backups-logs',
      'exposure: aws:BucketLogging archives spec.targetPrefix: grill-stats-backups/ → other-backups/',
      'exposure: aws:Role replication spec.name: grill-stats-backups-replication → other-backups-replication',
      'exposure: aws:Role backup spec.name: grill-stats-backups → other-backups',
      'exposure: aws:Role console spec.name: grill-stats-backups-console → other-backups-console',
      'exposure: ServiceAccount backup-console metadata.annotations.eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/grill-stats-backups-console → arn:aws:iam::123456789012:role/other-backups-console',
      'exposure: ServiceAccount backup-operator metadata.annotations.eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/grill-stats-backups → arn:aws:iam::123456789012:role/other-backups',
      'exposure: ServiceAccount backup-receiver metadata.annotations.eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/grill-stats-backups → arn:aws:iam::123456789012:role/other-backups',
      'exposure: ServiceAccount backup-restore metadata.annotations.eks.amazonaws.com/role-arn: arn:aws:iam::123456789012:role/grill-stats-backups → arn:aws:iam::123456789012:role/other-backups',
      'harmless: aws:Alias archives spec.name: alias/grill-stats-backups → alias/other-backups',
      'harmless: aws:Key archives spec.description: objects of the bucket grill-stats-backups → objects of the bucket other-backups',
    ],
  },
  'the replica is given up': {
    after: (prod) => delete prod.aws.replication,
    told: expect.arrayContaining([
      'data-loss: aws:Bucket replica is removed',
      'data-loss: aws:Key replica is removed',
      'data-loss: aws:BucketReplicationConfig archives is removed',
    ]),
  },
  'remote copies are switched off': {
    after: (prod) => (prod.stores.s3.sync = false),
    told: [
      'data-loss: ConfigMap backup-config data.BACKUP_REMOTE_SYNC: true → false',
      'data-loss: ConfigMap backup-config data.plan.json.stores.s3.sync: true → false',
      'availability: Deployment postgresql-wal spec.template.spec.affinity: added {"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecu…',
      'harmless: Deployment postgresql-wal spec.template.metadata.labels.grill-backup/volume: removed none',
      'harmless: Deployment postgresql-wal spec.template.spec.containers[receiver].volumeMounts[backup]: added {"mountPath":"/backup","name":"backup"}',
      'harmless: Deployment postgresql-wal spec.template.spec.volumes[backup]: added {"name":"backup","persistentVolumeClaim":{"claimName":"back…',
    ],
  },
  'another group may restore': {
    after: (prod) => prod.access.restoreGroups.push('contractors'),
    told: [
      'exposure: RoleBinding backup-restore subjects[contractors]: added {"apiGroup":"rbac.authorization.k8s.io","kind":"Group","nam…',
      'exposure: ValidatingAdmissionPolicy grill-stats-backup-restore-pod spec.matchConditions[groups].expression: request.userInfo.groups.exists(group, group in ["grill-stat… → request.userInfo.groups.exists(group, group in ["grill-stat…',
    ],
  },
  'the object store may be anywhere': {
    before: (prod) => (prod.network.objectStore = { cidrs: ['52.216.0.0/15'] }),
    after: (prod) => (prod.network.objectStore = { cidrs: ['0.0.0.0/0'] }),
    told: ['exposure: NetworkPolicy backup-to-object-store spec.egress[n].to[n].ipBlock.cidr: 52.216.0.0/15 → 0.0.0.0/0'],
  },
  'secrets come from another vault': {
    after: (prod) => (prod.secrets.onePassword.vault = 'shared'),
    told: [
      'exposure: OnePasswordItem backup-encryption-secret spec.itemPath: vaults/grill-stats/items/backup-encryption-secret → vaults/shared/items/backup-encryption-secret',
      'exposure: OnePasswordItem backup-notification-secret spec.itemPath: vaults/grill-stats/items/backup-notification-secret → vaults/shared/items/backup-notification-secret',
    ],
  },
  'PostgreSQL is backed up at another time': {
    after: (prod) => (prod.targets[0].schedule = '0 1 * * *'),
    told: [
      'availability: CronJob postgresql-backup spec.schedule: 0 2 * * * → 0 1 * * *',
      'availability: ConfigMap backup-config data.plan.json.targets[postgresql].schedule: 0 2 * * * → 0 1 * * *',
    ],
  },
  'the verification gets less memory': {
    before: (prod) => (prod.verification.resources = prod.resources),
    after: (prod) => (prod.verification.resources = { ...prod.resources, limits: { ...prod.resources.limits, memory: '1Gi' } }),
    told: [
      'availability: CronJob backup-verification spec.jobTemplate.spec.template.spec.containers[backup].resources.limits.memory: 2Gi → 1Gi',
    ],
  },
  'more is logged': {
    after: (prod) => (prod.logLevel = 'DEBUG'),
    told: [
      'harmless: ConfigMap backup-config data.LOG_LEVEL: INFO → DEBUG',
      'harmless: ConfigMap backup-config data.plan.json.logLevel: INFO → DEBUG',
    ],
  },
  'archives are kept longer': {
    after: (prod) => Object.assign(prod, { storage: { ...prod.storage, size: '200Gi' }, retention: { ...prod.retention, monthly: 24 } }),
    told: [
      'harmless: ConfigMap backup-config data.plan.json.retention.monthly: 12 → 24',
      'harmless: ConfigMap backup-config data.plan.json.targets[influxdb].retention.monthly: 12 → 24',
      'harmless: ConfigMap backup-config data.plan.json.targets[postgresql].retention.monthly: 12 → 24',
      'harmless: PersistentVolumeClaim backup-storage-pvc spec.resources.requests.storage: 100Gi → 200Gi',
    ],
  },
};

describe('a change of an environment file', () => {
  test.each(Object.entries(prepared))('%s', (name, { before = asItIs, after, told: expected }) => {
    const repository = repositoryIn(join(folder, name.replaceAll(/\W/g, '-')));
    repository.edit('prod', before);
    repository.commit();
    repository.edit('prod', after);
    const { changes } = review(repository.folder);
    // dashboards follow, with links of their own
    const own = changes.filter(({ object }) => !object.name.endsWith('-dashboard'));
    expect(own.map(told).toSorted()).toEqual(Array.isArray(expected) ? expected.toSorted() : expected);
    expect(new Set(changes.map(({ object }) => object.environment))).toEqual(new Set(['prod']));
  });
});

/** Edits of the synthesized text, as a change of the program makes them. */
const rewritten: Readonly<Record<string, { readonly file: string; readonly from: RegExp; readonly to: string; readonly told: readonly unknown[] }>> = {
  'a container may write its root': {
    file: 'exporter',
    from: /readOnlyRootFilesystem: true/,
    to: 'readOnlyRootFilesystem: false',
    told: [
      'exposure: Deployment backup-exporter spec.template.spec.containers[exporter].securityContext.readOnlyRootFilesystem: true → false',
    ],
  },
  'capabilities are no longer dropped': {
    file: 'exporter',
    from: / +capabilities:\n +drop:\n +- ALL\n/,
    to: '',
    told: [
      'exposure: Deployment backup-exporter spec.template.spec.containers[exporter].securityContext.capabilities: removed {"drop":["ALL"]}',
    ],
  },
  'on-call may delete Jobs': {
    file: 'access',
    from: /(- jobs\n {4}verbs:\n {6}- create\n)/,
    to: '$1      - delete\n',
    told: ['exposure: Role backup-oncall rules[n].verbs[]: added delete'],
  },
  'a policy allows every port': {
    file: 'network',
    from: / {4}- ports:\n {8}- port: 5432\n {10}protocol: TCP\n {6}to:/,
    to: '    - to:',
    told: ['exposure: NetworkPolicy postgresql-backup-to-database spec.egress[n].ports: removed [{"port":5432,"protocol":"TCP"}]'],
  },
  'the deadline goes': {
    file: 'cron-jobs',
    from: / +activeDeadlineSeconds: 1800\n/,
    to: '',
    told: ['availability: CronJob redis-backup spec.jobTemplate.spec.activeDeadlineSeconds: removed 1800'],
  },
  'an alert is removed': {
    file: 'alerts',
    from: / {8}- alert: BackupMissing\n[^]*?(?= {8}- alert)/,
    to: '',
    told: [expect.stringMatching(/^availability: PrometheusRule backup-alerts spec\.groups\[backup-recovery\]\.rules\[BackupMissing\]: removed /)],
  },
  'an annotation': {
    file: 'storage',
    from: /metadata:\n/,
    to: 'metadata:\n  annotations:\n    note: moved\n',
    told: ['harmless: PersistentVolumeClaim backup-storage-pvc metadata.annotations: added {"note":"moved"}'],
  },
};

describe('a change of the program', () => {
  const files = synthesizedFiles(root);
  const before = snapshotOf(files);

  test.each(Object.entries(rewritten))('%s', (_, { file, from, to, told: expected }) => {
    const path = `manifests/prod/${file}.yaml`;
    const text = files.get(path)!;
    expect(text).toMatch(from);
    const after: Files = new Map([...files, [path, text.replace(from, to)]]);
    expect(changesBetween(before, snapshotOf(after)).map(graded).map(told)).toEqual(expected);
  });

  test('an older environment file that is not valid any more is no reason to call its buckets new', () => {
    const old = snapshotOf(new Map([...files, ['Pulumi.prod.yaml', 'config: {}']]));
    expect(changesBetween(old, before).map(graded)).toContainEqual(
      expect.objectContaining({ grade: 'data-loss', rule: 'AWS not comparable' }),
    );
  });

  test('none', () => {
    expect(changesBetween(before, snapshotOf(files))).toEqual([]);
  });
});

describe('npm run diff', () => {
  const { folder: work, git, edit, commit } = repositoryIn(join(folder, 'cli'));
  const run = promisify(execFile);
  const diff = (...args: readonly string[]) =>
    run(process.execPath, [join(root, 'src/review/cli.ts'), ...args], { cwd: work, env: { ...process.env, NODE_OPTIONS: '' } });
  const edited = (): void => {
    edit('prod', (prod) => {
      prod.storage.size = '50Gi';
      for (const target of prod.targets.slice(0, 2)) target.schedule = '0 1 * * *';
    });
    edit('dev', (dev) => (dev.logLevel = 'INFO'));
  };
  commit();
  const base = git('rev-parse', 'HEAD');
  edited();

  test.each(['terminal', 'markdown'])('%s', async (format) => {
    const { stdout } = await diff('--format', format);
    const golden = join(root, `test/golden/review.${format}`);
    const text = stdout.replaceAll(base.slice(0, 12), '0123456789ab');
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  test('json holds every change by itself, with its values', async () => {
    const { stdout } = await diff('--format', 'json');
    const { base: compared, changes } = JSON.parse(stdout);
    expect(compared).toBe(base);
    expect(changes).toContainEqual({
      object: { environment: 'prod', apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'grill-stats', name: 'backup-storage-pvc' },
      path: 'spec.resources.requests.storage',
      before: '100Gi',
      after: '50Gi',
      grade: 'data-loss',
      rule: 'volume shrinks',
      why: 'a claim cannot shrink; it would have to be deleted with its archives',
    });
    expect(changes.filter(({ path }: { path: string }) => path === 'spec.schedule')).toHaveLength(2);
  });

  test('--fail-on fails for that grade and worse ones, after the report', async () => {
    await expect(diff('--fail-on', 'availability')).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('Data loss possible') });
    await expect(diff('--fail-on', 'data-loss')).rejects.toMatchObject({ code: 1 });
    edit('prod', (prod) => (prod.storage.size = '100Gi'));
    await expect(diff('--fail-on', 'data-loss')).resolves.toMatchObject({ stderr: '' });
    await expect(diff('--fail-on', 'availability')).rejects.toMatchObject({ code: 1 });
    edited();
  });

  test('compares with any revision, and by itself with where the branch left origin/main', async () => {
    await expect(diff('no-such')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('git knows no revision no-such') });
    git('update-ref', 'refs/remotes/origin/main', base);
    commit();
    expect((await diff()).stdout).toContain(`since ${base.slice(0, 12)}: 1 data loss possible`);
    expect((await diff('HEAD')).stdout).toMatch(/^since [0-9a-f]{12}: no synthesized object changes\n$/m);
  });

  test('says what it does not understand', async () => {
    await expect(diff('--format', 'xml')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--format xml: expected one of terminal, markdown, json') });
    await expect(diff('--fail-on', 'all')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('expected one of data-loss, exposure, availability, harmless') });
    await expect(diff('--colour')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--colour') });
  });

  test('an environment file that is not valid is a mistake with its path', async () => {
    edit('prod', (prod) => (prod.storage.size = 'much'));
    await expect(diff()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('storage.size') });
    edited();
  });
});
