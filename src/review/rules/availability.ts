import {
  added,
  becomes,
  both,
  either,
  emptied,
  existed,
  inContainer,
  inPlan,
  inPod,
  leaves,
  lowered,
  not,
  ofAws,
  raised,
  removed,
  replaced,
  whole,
  type Rule,
} from '../rule.ts';
import { narrowsNetwork, narrowsRights } from './narrowing.ts';

type Row = Omit<Rule, 'grade'>;

const job = String.raw`^spec\.(jobTemplate\.spec\.)?`;

const schedule: readonly Row[] = [
  {
    name: 'schedule changed',
    kinds: ['CronJob'],
    path: /^spec\.(schedule|timeZone)$/,
    holds: existed,
    why: 'runs at another time: check what else runs then, and the recovery point objective',
  },
  {
    name: 'schedule changed in the plan',
    ...inPlan(
      String.raw`(targets\[[^\]]*\](\.pointInTime\.base|\.increments)?|verification|drill)\.schedule$`,
    ),
    holds: existed,
    why: 'runs at another time: check what else runs then, and the recovery point objective',
  },
  {
    name: 'suspended',
    kinds: ['CronJob', 'Job'],
    path: new RegExp(`${job}suspend$`),
    holds: becomes(true),
    why: 'nothing runs until somebody lifts the suspension',
  },
  {
    name: 'runs overlap or replace each other',
    kinds: ['CronJob'],
    path: /^spec\.concurrencyPolicy$/,
    holds: existed,
    why: 'a long run may be cut off by the next, or both compete for the database',
  },
  {
    name: 'late runs skipped',
    kinds: ['CronJob'],
    path: /^spec\.startingDeadlineSeconds$/,
    holds: either(lowered, removed),
    why: 'a controller that was away for longer skips the run silently',
  },
  {
    name: 'deadline changed',
    kinds: ['CronJob', 'Job', 'Pod'],
    path: /(^|\.)spec\.activeDeadlineSeconds$/,
    holds: existed,
    why: 'a run may be cut off earlier, or hang unnoticed for longer',
  },
  {
    name: 'deadline changed in the plan',
    ...inPlan(String.raw`(targets\[[^\]]*\](\.pointInTime\.base)?|verification|drill)\.deadline$`),
    holds: existed,
    why: 'a run may be cut off earlier, or hang unnoticed for longer',
  },
  {
    name: 'another number of pods',
    kinds: ['CronJob', 'Job'],
    path: new RegExp(`${job}(completions|completionMode|parallelism)$`),
    why: 'each pod has the resources of the run: a node or a quota may have no room for all of them',
  },
  {
    name: 'fewer tries',
    kinds: ['CronJob', 'Job'],
    path: new RegExp(`${job}(backoffLimit|podFailurePolicy)`),
    why: 'a temporary failure may end a run that another try would have saved',
  },
  {
    name: 'finished Jobs kept shorter',
    kinds: ['CronJob', 'Job'],
    path: /(ttlSecondsAfterFinished|JobsHistoryLimit)$/,
    holds: either(lowered, added),
    why: 'logs of a failure may be gone before somebody looks',
  },
];

const pods: readonly Row[] = [
  {
    name: 'resources changed',
    ...inContainer(String.raw`resources(\.|$)`),
    why: 'a run may be killed for its memory, evicted, throttled, or find no node',
  },
  {
    name: 'scratch space changed',
    ...inPod(String.raw`volumes\[[^\]]*\]\.emptyDir(\.|$)`),
    holds: existed,
    why: 'a run that needs more is evicted',
  },
  {
    name: 'place of the pod changed',
    ...inPod(
      '(affinity|nodeSelector|nodeName|tolerations|priorityClassName|topologySpreadConstraints|schedulerName|runtimeClassName)',
    ),
    why: 'the pod may find no node, or not the one that has its volume',
  },
  {
    name: 'less time to stop',
    ...inPod('terminationGracePeriodSeconds$'),
    holds: existed,
    why: 'a run that is stopped may not get to remove its partial files',
  },
  {
    name: 'what runs changed',
    ...inContainer(
      String.raw`(image|command|args|env|envFrom|workingDir|lifecycle|ports|imagePullPolicy)(\[|\.|$)`,
    ),
    holds: existed,
    why: 'another program, or the same with other settings',
  },
  {
    name: 'files of a pod changed',
    ...inPod(String.raw`(volumes\[|containers\[[^\]]*\]\.volumeMounts)`),
    holds: existed,
    why: 'a run may miss a file, or find it elsewhere',
  },
  {
    name: 'probe changed',
    ...inContainer('(liveness|readiness|startup)Probe'),
    why: 'a pod that works may be restarted, or one that does not may stay',
  },
  {
    name: 'container or pods changed',
    kinds: ['Deployment', 'StatefulSet', 'DaemonSet'],
    path: /^spec\.(replicas|strategy|selector|updateStrategy|minReadySeconds)/,
    why: 'there may be no exporter for a while, and alerts see nothing',
  },
  {
    name: 'script changed',
    kinds: ['ConfigMap'],
    path: /^data\.[\w-]+\.sh$/,
    holds: existed,
    why: 'jobs and people run this text',
  },
];

const alerts: readonly Row[] = [
  {
    name: 'alert removed',
    kinds: ['PrometheusRule'],
    path: /^spec\.groups(\[[^\]]*\](\.rules(\[[^\]]*\])?)?)?$/,
    holds: emptied,
    why: 'nobody is alerted to this any more',
  },
  {
    name: 'alert loosened',
    kinds: ['PrometheusRule'],
    path: /\.rules\[[^\]]*\]\.(for|keep_firing_for|interval)$/,
    holds: either(raised, removed),
    why: 'people are alerted later',
  },
  {
    name: 'alert changed',
    kinds: ['PrometheusRule'],
    path: /\.rules\[[^\]]*\]\.(expr|alert)$/,
    holds: replaced,
    why: 'it may not fire where it did: run it against the last weeks',
  },
  {
    name: 'alert reaches other people',
    kinds: ['PrometheusRule'],
    path: /\.rules\[[^\]]*\]\.labels(\.|$)/,
    holds: both(existed, not(becomes('critical'))),
    why: 'severity and team decide who is paged',
  },
  {
    name: 'alerts or metrics not picked up',
    kinds: ['PrometheusRule', 'ServiceMonitor', 'PodMonitor'],
    path: /^(metadata\.labels\.|spec\.(selector|endpoints|podMetricsEndpoints|namespaceSelector))/,
    holds: existed,
    why: 'Prometheus selects rules and monitors by labels, and scrapes what they name',
  },
  {
    name: 'objective loosened',
    ...inPlan(String.raw`targets\[[^\]]*\]\.(rpo|rto)$`),
    holds: raised,
    why: 'alerts fire later',
  },
  {
    name: 'log stored later or otherwise',
    ...inPlan(String.raw`targets\[[^\]]*\]\.pointInTime\.(interval|pieceSize|synchronous)$`),
    holds: existed,
    why: 'a loss of the database may lose more of its last changes, or commits may wait for the store',
  },
  {
    name: 'server may fill its disk',
    ...inPlan(String.raw`targets\[[^\]]*\]\.pointInTime\.allowUnlimitedSlot$`),
    holds: becomes(true),
    why: 'a receiver that stays away then stops the database',
  },
  {
    name: 'warnings loosened',
    ...inPlan(String.raw`anomalies\.`),
    why: 'an unusual backup may go unnoticed',
  },
  {
    name: 'notifications off',
    ...inPlan(String.raw`notifications(\.enabled|\.(webhook|slack|email))?$`),
    holds: either(leaves(true), removed),
    why: 'no notification says how a run ended',
  },
  {
    name: 'notifications narrowed',
    ...inPlan(String.raw`notifications\.\w+\.(levels|to)\[\]$`),
    holds: removed,
    why: 'some runs send no notification',
  },
  {
    name: 'notifications off by override',
    kinds: ['ConfigMap'],
    path: /^data\.NOTIFICATION_ENABLED$/,
    holds: leaves('true'),
    why: 'no notification says how a run ended',
  },
];

const limits: readonly Row[] = [
  {
    name: 'rights narrowed',
    kinds: ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
    path: /^(rules|subjects)/,
    holds: narrowsRights,
    why: 'check that nobody on call needs what they lose',
  },
  {
    name: 'connection forbidden',
    kinds: ['NetworkPolicy'],
    path: /^spec\./,
    holds: narrowsNetwork,
    why: 'check that no pod needs what it loses; a firewall drops silently',
  },
  {
    name: 'quota',
    kinds: ['ResourceQuota', 'LimitRange', 'PodDisruptionBudget'],
    path: /^(spec.*)?$/,
    holds: not(removed),
    why: 'pods beyond it are refused',
  },
  {
    name: 'pace or form of archives changed',
    ...inPlan(String.raw`(compression|stores\.s3\.(bandwidth|concurrency|checksums|forcePathStyle|caFile))`),
    why: 'runs may take longer than their deadline, or the store may refuse them',
  },
  {
    name: 'new archives under another key',
    ...inPlan(String.raw`encryption\.sealedBy$`),
    holds: existed,
    why: 'every pod needs it in its Secret before the next run',
  },
  {
    name: 'drills changed',
    ...inPlan(String.raw`(drill|targets\[[^\]]*\]\.drill)(\.|$)`),
    holds: existed,
    why: 'restores are tried less often, or elsewhere',
  },
  {
    name: 'slower storage',
    kinds: ofAws('BucketLifecycleConfiguration'),
    path: /\.transitions/,
    why: 'a restore may have to wait for the archive, or cost more',
  },
  {
    name: 'object removed',
    path: whole,
    holds: removed,
    why: 'nothing does this work any more',
  },
];

/** What may keep a run, an alert or a person from doing their work. */
export const availability: readonly Rule[] = [...schedule, ...pods, ...alerts, ...limits].map((row) => ({
  ...row,
  grade: 'availability',
}));
