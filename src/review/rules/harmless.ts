import {
  added,
  becomes,
  either,
  inPlan,
  inPod,
  leaves,
  lowered,
  ofAws,
  raised,
  whole,
  workloads,
  type Rule,
} from '../rule.ts';

type Row = Omit<Rule, 'grade'>;

const rows: readonly Row[] = [
  {
    name: 'labels and annotations',
    path: /(^|\.)metadata\.(labels|annotations)(\.|$)/,
    why: 'for people and selectors that this system does not rely on',
  },
  {
    name: 'text of an alert',
    kinds: ['PrometheusRule'],
    path: /\.annotations(\.|$)/,
    why: 'what people read',
  },
  {
    name: 'alert stricter',
    kinds: ['PrometheusRule'],
    path: /^spec\.groups/,
    why: 'people are alerted earlier, or to more',
  },
  {
    name: 'dashboard',
    kinds: ['ConfigMap'],
    path: /^data\.(?!plan\.json)[\w-]+\.json(\.|\[|$)/,
    why: 'what people look at',
  },
  {
    name: 'volume grows',
    kinds: ['PersistentVolumeClaim'],
    path: /^spec\.resources\./,
    holds: raised,
    why: 'more room; a volume cannot shrink again',
  },
  {
    name: 'kept longer',
    ...inPlan('(retention|verification\\.reportDays)'),
    why: 'archives stay for longer, and take more room',
  },
  {
    name: 'kept longer by override',
    kinds: ['ConfigMap'],
    path: /^data\.BACKUP_RETENTION_DAYS$/,
    holds: raised,
    why: 'archives stay for longer, and take more room',
  },
  {
    name: 'switched on',
    kinds: ['ConfigMap'],
    path: /^data\.(BACKUP_(REMOTE_SYNC|REMOTE_BASE|ENCRYPTION_ENABLED)|NOTIFICATION_ENABLED)$/,
    holds: either(becomes('true'), leaves('')),
    why: 'does what it did not do before',
  },
  {
    name: 'log level',
    kinds: ['ConfigMap'],
    path: /^data\.(LOG_LEVEL|plan\.json\.logLevel)$/,
    why: 'how much is logged; secrets never are',
  },
  {
    name: 'more is protected or checked',
    ...inPlan(
      String.raw`(encryption\.(enabled|keys\[[^\]]*\])|stores\.(directory|s3\.(sync|base))|targets\[[^\]]*\](\.(rpo|rto|retention|drill|parts|increments|pointInTime(\.window)?|connection\.(contentHash|count)))?|verification\.level|notifications\.enabled|drill)(\.|$)`,
    ),
    holds: either(added, becomes(true, 'deep', 'server'), lowered, raised),
    why: 'a target, a copy, a check or a key more, or a tighter objective',
  },
  {
    name: 'TLS raised',
    ...inPlan(String.raw`.*\.(sslMode|tls|caFile|security)$`),
    why: 'what crosses the network is harder to read',
  },
  {
    name: 'hardened',
    ...inPod(String.raw`(.*\.)?(securityContext(\.|$)|host(Network|PID|IPC|Users)$)`),
    why: 'the pod can do less than before',
  },
  {
    name: 'no token',
    kinds: [...workloads, 'ServiceAccount'],
    path: /automountServiceAccountToken$|serviceAccountToken/,
    why: 'the pod cannot use the Kubernetes API',
  },
  {
    name: 'fewer service links',
    ...inPod('enableServiceLinks$'),
    why: 'containers learn less of the namespace',
  },
  {
    name: 'runs later or for longer rather than never',
    kinds: ['CronJob', 'Job'],
    path: /(startingDeadlineSeconds|ttlSecondsAfterFinished|JobsHistoryLimit|suspend)$/,
    why: 'more time, or more of what was',
  },
  {
    name: 'new file, variable or container',
    ...inPod(String.raw`(volumes|containers|initContainers)\[`),
    holds: added,
    why: 'what it needs shows as changes of its own',
  },
  {
    name: 'new script',
    kinds: ['ConfigMap'],
    path: /^data\.[\w-]+\.sh$/,
    holds: added,
    why: 'nothing that runs today changes',
  },
  {
    name: 'bucket locks or keeps longer',
    kinds: ofAws('BucketObjectLockConfiguration', 'BucketLifecycleConfiguration'),
    path: /^spec\.(rule|objectLockEnabled)/,
    why: 'more is kept, or only leftovers of uploads are removed at another time',
  },
  {
    name: 'names, descriptions and tags in AWS',
    kinds: ofAws('Alias', 'Key', 'Bucket', 'User', 'Role'),
    path: /^spec\.(name|description|tags|enableKeyRotation|deletionWindowInDays|targetKeyId)(\.|$)/,
    why: 'nothing that is read or written changes',
  },
  {
    name: 'new object',
    path: whole,
    holds: added,
    why: 'nothing that was there changes',
  },
];

/** What nobody has to think about. */
export const harmless: readonly Rule[] = rows.map((row) => ({ ...row, grade: 'harmless' }));
