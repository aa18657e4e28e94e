import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grade, Value } from '../../../../src/review/change.ts';
import { graded, rules } from '../../../../src/review/grade.ts';
import { root } from '../../../kit/environments.ts';

const gone = undefined;
const plan = 'data.plan.json.';
const container = 'spec.jobTemplate.spec.template.spec.containers[backup].';
const pod = 'spec.jobTemplate.spec.template.spec.';

type Example = readonly [kind: string, path: string, before: Value | undefined, after: Value | undefined];

const verdict = ([kind, path, before, after]: Example) =>
  graded({
    object: { environment: 'prod', apiVersion: 'v1', kind, namespace: 'n', name: 'x' },
    path,
    before,
    after,
  });

/** A change that each rule is for. */
const examples: Readonly<Record<string, Example>> = {
  'volume removed': ['PersistentVolumeClaim', '', { spec: {} }, gone],
  'volume shrinks': ['PersistentVolumeClaim', 'spec.resources.requests.storage', '100Gi', '99Gi'],
  'volume replaced': ['PersistentVolumeClaim', 'spec.storageClassName', gone, 'fast'],
  'volume of the archives changed in a pod': [
    'CronJob',
    `${pod}volumes[backup].persistentVolumeClaim.claimName`,
    'a',
    'b',
  ],
  'namespace taken over': ['Namespace', '', gone, {}],
  'namespace removed': ['Namespace', '', {}, gone],
  'retention shortened': ['ConfigMap', `${plan}targets[redis].retention.weekly`, 4, 3],
  'log no longer kept': ['ConfigMap', `${plan}targets[postgresql].pointInTime`, { window: '7d' }, gone],
  'window of the log shortened': ['ConfigMap', `${plan}targets[postgresql].pointInTime.window`, '7d', '3d'],
  'another slot': ['ConfigMap', `${plan}targets[postgresql].pointInTime.slot`, 'a', 'b'],
  'retention shortened by override': ['ConfigMap', 'data.BACKUP_RETENTION_DAYS', '30', '7'],
  'one run may remove more': ['ConfigMap', `${plan}retention.maxShare`, 0.5, 0.9],
  'reports kept shorter': ['ConfigMap', `${plan}verification.reportDays`, 30, 7],
  'target removed': ['ConfigMap', `${plan}targets[redis]`, { name: 'redis' }, gone],
  'another database under the same name': [
    'ConfigMap',
    `${plan}targets[postgresql].connection.host`,
    'a',
    'b',
  ],
  'less of the source is backed up or checked': ['ConfigMap', `${plan}verification.level`, 'deep', 'quick'],
  'store removed': ['ConfigMap', `${plan}stores.s3`, { sync: true }, gone],
  'store moved': ['ConfigMap', `${plan}stores.s3.base`, 's3://a', 's3://b'],
  'remote copies off': ['ConfigMap', `${plan}stores.s3.sync`, true, false],
  'remote copies off or moved by override': ['ConfigMap', 'data.BACKUP_REMOTE_SYNC', 'true', 'false'],
  'encryption off': ['ConfigMap', `${plan}encryption.enabled`, true, false],
  'encryption off by override': ['ConfigMap', 'data.BACKUP_ENCRYPTION_ENABLED', 'true', 'false'],
  'encryption key gone': [
    'ConfigMap',
    `${plan}encryption.keys[primary]`,
    { id: 'primary', secretKey: 'k' },
    gone,
  ],
  'Secret is removed with its source': ['ExternalSecret', 'spec.target.deletionPolicy', 'Retain', 'Delete'],
  'AWS not comparable': ['aws:Incomparable', '', { spec: 'x' }, gone],
  'bucket or key removed': ['aws:Bucket', '', { spec: {} }, gone],
  'bucket or key replaced': ['aws:Bucket', 'spec.region', 'us-east-1', 'eu-west-1'],
  'key deleted sooner': ['aws:Key', 'spec.deletionWindowInDays', 30, 7],
  'Object Lock removed': ['aws:BucketObjectLockConfiguration', '', { spec: {} }, gone],
  'Object Lock lowered': [
    'aws:BucketObjectLockConfiguration',
    'spec.rule.defaultRetention.mode',
    'COMPLIANCE',
    'GOVERNANCE',
  ],
  'bucket deletes sooner or more': [
    'aws:BucketLifecycleConfiguration',
    'spec.rules[archives].expiration',
    gone,
    { days: 400 },
  ],
  'versioning off': ['aws:BucketVersioning', 'spec.versioningConfiguration.status', 'Enabled', 'Suspended'],
  'replica removed or changed': ['aws:BucketReplicationConfig', '', { spec: {} }, gone],

  'rights added': ['Role', '', gone, { rules: [] }],
  'rights widened': ['Role', 'rules[0].verbs[]', gone, 'delete'],
  'admission policy removed or changed': ['ValidatingAdmissionPolicyBinding', '', { spec: {} }, gone],
  'connection allowed': ['NetworkPolicy', '', gone, { spec: { egress: [{}] } }],
  'default deny removed': ['NetworkPolicy', '', { spec: { podSelector: {}, policyTypes: ['Egress'] } }, gone],
  'connection widened': ['NetworkPolicy', 'spec.egress[0].to[0].ipBlock.cidr', '10.0.0.0/24', '0.0.0.0/0'],
  'Service opened': ['Service', 'spec.type', 'ClusterIP', 'LoadBalancer'],
  'way in from outside': ['Ingress', '', gone, { spec: {} }],
  'way in changed': ['HTTPRoute', 'spec.hostnames[]', gone, 'www.example.com'],
  'other people let into the console': ['ConfigMap', `${plan}console.proxy.issuer`, 'https://a', 'https://b'],
  'Pod Security lowered': [
    'Namespace',
    'metadata.labels.pod-security.kubernetes.io/enforce',
    'restricted',
    'baseline',
  ],
  'runs as root or writes its root': [
    'CronJob',
    `${container}securityContext.readOnlyRootFilesystem`,
    true,
    gone,
  ],
  'privileges gained': ['CronJob', `${container}securityContext.allowPrivilegeEscalation`, false, gone],
  'capabilities gained': ['CronJob', `${container}securityContext.capabilities`, { drop: ['ALL'] }, gone],
  'seccomp profile weakened': [
    'CronJob',
    `${pod}securityContext.seccompProfile`,
    { type: 'RuntimeDefault' },
    gone,
  ],
  'other user or kernel setting': ['CronJob', `${pod}securityContext.runAsUser`, 10_001, 0],
  'namespace, port or file of the host': ['CronJob', `${pod}hostNetwork`, gone, true],
  'token mounted': ['ServiceAccount', 'automountServiceAccountToken', false, gone],
  'token mounted as a volume': [
    'CronJob',
    `${pod}volumes[api]`,
    gone,
    { projected: { sources: [{ serviceAccountToken: {} }] } },
  ],
  'other account': ['CronJob', `${pod}serviceAccountName`, 'backup-operator', 'default'],
  'addresses of all Services in the environment': ['CronJob', `${pod}enableServiceLinks`, false, gone],
  'pod no longer selected by the policies': [
    'CronJob',
    'spec.jobTemplate.spec.template.metadata.labels.app.kubernetes.io/component',
    'backup',
    gone,
  ],
  'image not by digest': ['CronJob', `${container}image`, 'r.io/a/b:1@sha256:00', 'r.io/a/b:1'],
  'image of another repository': ['CronJob', `${container}image`, 'r.io/a/b:1', 'r.io/a/c:1'],
  'value of a Secret in a manifest': ['Secret', 'stringData.token', gone, 'x'],
  'secret from another source': ['OnePasswordItem', 'spec.itemPath', 'vaults/a', 'vaults/b'],
  'source of a Secret added or removed': ['OnePasswordItem', '', { spec: {} }, gone],
  'more secrets in a pod': [
    'CronJob',
    `${pod}volumes[s]`,
    gone,
    { name: 's', secret: { secretName: 'redis-secret' } },
  ],
  'secret in the environment': [
    'CronJob',
    `${container}env[TOKEN]`,
    gone,
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  ],
  'secret readable by more users': ['CronJob', `${pod}volumes[s].secret.defaultMode`, 288, 292],
  'role of the pods changed': ['ServiceAccount', 'metadata.annotations.eks.amazonaws.com/role-arn', 'a', 'b'],
  'other credentials': ['ConfigMap', `${plan}targets[redis].secret.name`, 'a', 'b'],
  'TLS lowered': ['ConfigMap', `${plan}targets[postgresql].connection.sslMode`, 'verify-full', 'require'],
  'password in clear text': [
    'ConfigMap',
    `${plan}targets[postgresql].connection.clearTextPassword`,
    gone,
    true,
  ],
  'server no longer verified': ['ConfigMap', `${plan}targets[redis].connection.tls.verify`, 'full', 'none'],
  'another CA or name of a server': [
    'ConfigMap',
    `${plan}targets[redis].connection.tls.ca.configMap`,
    'platform-ca',
    'my-ca',
  ],
  'TLS off': ['ConfigMap', `${plan}targets[redis].connection.tls`, true, false],
  'archives or messages go elsewhere': ['ConfigMap', `${plan}notifications.slack.channel`, '#a', '#b'],
  'protection of a bucket removed': ['aws:BucketLogging', '', { spec: {} }, gone],
  'protection of a bucket changed': ['aws:BucketPublicAccessBlock', 'spec.blockPublicAcls', true, false],
  'AWS rights added': ['aws:User', '', gone, { spec: {} }],
  'AWS rights changed': ['aws:BucketPolicy', 'spec.policy.Statement[TlsOnly]', { Effect: 'Deny' }, gone],

  'schedule changed': ['CronJob', 'spec.schedule', '0 2 * * *', '0 3 * * *'],
  'schedule changed in the plan': ['ConfigMap', `${plan}drill.schedule`, '0 8 * * 0', '0 8 1 * *'],
  suspended: ['CronJob', 'spec.suspend', gone, true],
  'runs overlap or replace each other': ['CronJob', 'spec.concurrencyPolicy', 'Forbid', 'Allow'],
  'late runs skipped': ['CronJob', 'spec.startingDeadlineSeconds', 3600, 10],
  'deadline changed': ['CronJob', 'spec.jobTemplate.spec.activeDeadlineSeconds', 3600, 60],
  'deadline changed in the plan': ['ConfigMap', `${plan}targets[redis].deadline`, '1h', '30m'],
  'another number of pods': ['CronJob', 'spec.jobTemplate.spec.parallelism', 1, 4],
  'fewer tries': ['CronJob', 'spec.jobTemplate.spec.backoffLimit', 2, 0],
  'finished Jobs kept shorter': ['CronJob', 'spec.jobTemplate.spec.ttlSecondsAfterFinished', 604_800, 60],
  'resources changed': ['CronJob', `${container}resources.limits.memory`, '2Gi', '1Gi'],
  'scratch space changed': ['CronJob', `${pod}volumes[scratch].emptyDir.sizeLimit`, '10Gi', '1Gi'],
  'place of the pod changed': ['CronJob', `${pod}affinity`, {}, gone],
  'less time to stop': ['CronJob', `${pod}terminationGracePeriodSeconds`, 60, 1],
  'what runs changed': ['CronJob', `${container}command`, ['/scripts/a.sh'], ['/scripts/b.sh']],
  'files of a pod changed': [
    'CronJob',
    `${container}volumeMounts[config].mountPath`,
    '/config',
    '/etc/config',
  ],
  'probe changed': ['Deployment', 'spec.template.spec.containers[exporter].livenessProbe', {}, gone],
  'container or pods changed': ['Deployment', 'spec.replicas', 1, 0],
  'script changed': ['ConfigMap', 'data.full-restore.sh', 'a', 'b'],
  'alert removed': [
    'PrometheusRule',
    'spec.groups[backup-recovery].rules[BackupTooOld]',
    { alert: 'BackupTooOld' },
    gone,
  ],
  'alert loosened': ['PrometheusRule', 'spec.groups[g].rules[BackupTooOld].for', '1h', '1d'],
  'alert changed': ['PrometheusRule', 'spec.groups[g].rules[BackupTooOld].expr', 'a > 1', 'a > 2'],
  'alert reaches other people': [
    'PrometheusRule',
    'spec.groups[g].rules[BackupTooOld].labels.severity',
    'critical',
    'info',
  ],
  'alerts or metrics not picked up': ['ServiceMonitor', 'metadata.labels.release', 'prometheus', gone],
  'objective loosened': ['ConfigMap', `${plan}targets[redis].rpo`, '24h', '7d'],
  'log stored later or otherwise': [
    'ConfigMap',
    `${plan}targets[postgresql].pointInTime.interval`,
    '10s',
    '60s',
  ],
  'server may fill its disk': [
    'ConfigMap',
    `${plan}targets[postgresql].pointInTime.allowUnlimitedSlot`,
    false,
    true,
  ],
  'warnings loosened': ['ConfigMap', `${plan}anomalies.dropPercent`, 50, 90],
  'notifications off': ['ConfigMap', `${plan}notifications.slack`, { channel: '#a' }, gone],
  'notifications narrowed': ['ConfigMap', `${plan}notifications.slack.levels[]`, 'warning', gone],
  'notifications off by override': ['ConfigMap', 'data.NOTIFICATION_ENABLED', 'true', 'false'],
  'rights narrowed': ['Role', 'rules[]', { verbs: ['get'] }, gone],
  'connection forbidden': ['NetworkPolicy', 'spec.egress[0].to[0].ipBlock.except[]', gone, '10.0.0.0/8'],
  quota: ['ResourceQuota', 'spec.hard.cpu', '4', '2'],
  'pace or form of archives changed': ['ConfigMap', `${plan}stores.s3.bandwidth`, gone, '1Mi'],
  'new archives under another key': ['ConfigMap', `${plan}encryption.sealedBy`, 'primary', 'second'],
  'drills changed': ['ConfigMap', `${plan}targets[redis].drill`, {}, gone],
  'slower storage': [
    'aws:BucketLifecycleConfiguration',
    'spec.rules[archives].transitions[0].storageClass',
    'STANDARD_IA',
    'GLACIER_IR',
  ],
  'object removed': ['CronJob', '', {}, gone],

  'labels and annotations': ['CronJob', 'metadata.annotations.note', gone, 'x'],
  'text of an alert': ['PrometheusRule', 'spec.groups[g].rules[BackupTooOld].annotations.summary', 'a', 'b'],
  'alert stricter': ['PrometheusRule', 'spec.groups[g].rules[BackupTooOld].for', '1d', '1h'],
  dashboard: ['ConfigMap', 'data.backup-monitoring.json.title', 'a', 'b'],
  'volume grows': ['PersistentVolumeClaim', 'spec.resources.requests.storage', '100Gi', '1Ti'],
  'kept longer': ['ConfigMap', `${plan}retention.days`, 7, 30],
  'kept longer by override': ['ConfigMap', 'data.BACKUP_RETENTION_DAYS', '7', '30'],
  'switched on': ['ConfigMap', 'data.BACKUP_REMOTE_SYNC', 'false', 'true'],
  'log level': ['ConfigMap', `${plan}logLevel`, 'INFO', 'DEBUG'],
  'more is protected or checked': [
    'ConfigMap',
    `${plan}targets[mysql]`,
    gone,
    { name: 'mysql', schedule: '0 5 * * *' },
  ],
  'TLS raised': ['ConfigMap', `${plan}targets[postgresql].connection.sslMode`, 'prefer', 'require'],
  hardened: ['CronJob', `${container}securityContext.readOnlyRootFilesystem`, gone, true],
  'no token': ['ServiceAccount', 'automountServiceAccountToken', true, false],
  'fewer service links': ['CronJob', `${pod}enableServiceLinks`, true, false],
  'runs later or for longer rather than never': ['CronJob', 'spec.startingDeadlineSeconds', 3600, 7200],
  'new file, variable or container': ['CronJob', `${pod}volumes[tmp]`, gone, { name: 'tmp', emptyDir: {} }],
  'new script': ['ConfigMap', 'data.mysql-backup.sh', gone, 'x'],
  'bucket locks or keeps longer': [
    'aws:BucketObjectLockConfiguration',
    'spec.rule.defaultRetention.days',
    7,
    14,
  ],
  'names, descriptions and tags in AWS': ['aws:Key', 'spec.description', 'a', 'b'],
  'new object': ['CronJob', '', gone, { spec: { schedule: '0 2 * * *' } }],
};

test('every rule has an example, and no two rules share a name', () => {
  expect(rules.map(({ name }) => name)).toEqual(Object.keys(examples));
});

test.each(rules.map(({ name, grade }) => [grade, name] as const))('%s: %s', (grade, name) => {
  expect(verdict(examples[name]!)).toMatchObject({ rule: name, grade });
});

test('docs/how-to/reviewing.md has every rule with its grade and reason', () => {
  const page = readFileSync(join(root, 'docs/how-to/reviewing.md'), 'utf8');
  for (const { name, grade, why } of rules) expect(page).toContain(`| ${grade} | ${name} | ${why} |`);
});

describe('the other way round', () => {
  const cases: readonly (readonly [string, Grade, Example])[] = [
    ['fewer resource names is less', 'availability', ['Role', 'rules[0].resourceNames[]', 'x', gone]],
    ['no resource names is all of them', 'exposure', ['Role', 'rules[0].resourceNames', ['x'], gone]],
    [
      'resource names where there were none is less',
      'availability',
      ['Role', 'rules[0].resourceNames', gone, ['x']],
    ],
    ['a subject less', 'availability', ['RoleBinding', 'subjects[devs]', {}, gone]],
    ['another role', 'exposure', ['RoleBinding', 'roleRef.name', 'a', 'b']],
    ['a peer less', 'availability', ['NetworkPolicy', 'spec.egress[0].to[]', {}, gone]],
    ['the last peer gone is every peer', 'exposure', ['NetworkPolicy', 'spec.egress[0].to', [{}], []]],
    ['no ports is every port', 'exposure', ['NetworkPolicy', 'spec.egress[0].ports', [{ port: 1 }], gone]],
    ['another port', 'exposure', ['NetworkPolicy', 'spec.egress[0].ports[0].port', 5432, 5433]],
    [
      'a range left out less',
      'exposure',
      ['NetworkPolicy', 'spec.egress[0].to[0].ipBlock.except[]', '10.0.0.0/8', gone],
    ],
    [
      'a policy that only denies',
      'harmless',
      ['NetworkPolicy', '', gone, { spec: { policyTypes: ['Ingress'] } }],
    ],
    ['an allowing policy gone', 'availability', ['NetworkPolicy', '', { spec: { egress: [{}] } }, gone]],
    ['a direction not denied any more', 'exposure', ['NetworkPolicy', 'spec.policyTypes[]', 'Ingress', gone]],
    [
      '1024Mi is not less than 1Gi',
      'harmless',
      ['PersistentVolumeClaim', 'spec.resources.requests.storage', '1Gi', '1025Mi'],
    ],
    ['90m is less than 2h', 'availability', ['ConfigMap', `${plan}targets[x].rpo`, '90m', '2h']],
    ['2h is more than 90m', 'harmless', ['ConfigMap', `${plan}targets[x].rpo`, '2h', '90m']],
    [
      'stronger TLS',
      'harmless',
      ['ConfigMap', `${plan}targets[x].connection.sslMode`, 'prefer', 'verify-full'],
    ],
    [
      'another key, its old one kept',
      'harmless',
      ['ConfigMap', `${plan}encryption.keys[second]`, gone, { id: 'second', secretKey: 'k' }],
    ],
    ['a store named first', 'harmless', ['ConfigMap', `data.BACKUP_REMOTE_BASE`, '', 's3://a']],
    [
      'a new tag of the same image',
      'availability',
      ['CronJob', `${container}image`, 'r.io/a/b:1', 'r.io/a/b:2'],
    ],
    [
      'a digest where there was none',
      'availability',
      ['CronJob', `${container}image`, 'r.io/a/b:1', 'r.io/a/b:1@sha256:00'],
    ],
    [
      'a new pod that is privileged',
      'exposure',
      ['Pod', '', gone, { spec: { containers: [{ name: 'c', securityContext: { privileged: true } }] } }],
    ],
    [
      'a privileged pod that is gone',
      'availability',
      ['Pod', '', { spec: { containers: [{ name: 'c', securityContext: { privileged: true } }] } }, gone],
    ],
    ['a field that no rule knows', 'availability', ['CronJob', 'spec.brandNew', 1, 2]],
    ['an unknown part of what came', 'availability', ['CronJob', 'spec.brandNew', gone, { a: 1 }]],
  ];
  test.each(cases)('%s: %s', (_, grade, example) => {
    expect(verdict(example)).toMatchObject({ grade });
  });
});
