/** Something that a rule forbids: written to an object, named by kind and start of its name, the rule has to fail. */
export interface Weakening {
  readonly rule: string;
  readonly object: string;
  readonly path: string;
  readonly value: unknown;
}

const inObject =
  (object: string) =>
  ([rule, path, value]: readonly [string, string, unknown]): Weakening => ({ rule, object, path, value });

const container = 'pod.containers.0';

const pods: readonly (readonly [string, string, unknown])[] = [
  ['shares no namespace of the host', 'pod.hostNetwork', true],
  ['shares no namespace of the host', 'pod.hostPID', true],
  ['shares no namespace of the host', 'pod.hostIPC', true],
  ['runs as non-root', `${container}.securityContext.runAsNonRoot`, false],
  ['has a user above 10000', `${container}.securityContext.runAsUser`, 0],
  ['has a group above 10000', `${container}.securityContext.runAsGroup`, 1000],
  ['shares volumes by a group above 10000', 'pod.securityContext.supplementalGroups', [0]],
  ['is confined everywhere', `${container}.securityContext.seccompProfile`, { type: 'Unconfined' }],
  ['is confined everywhere', 'pod.securityContext.appArmorProfile', { type: 'Unconfined' }],
  ['sets no sysctl, SELinux user, proc mount or Windows option', 'pod.securityContext.sysctls', [{ name: 'net.x' }]],
  ['sets no sysctl, SELinux user, proc mount or Windows option', `${container}.securityContext.procMount`, 'Unmasked'],
  ['mounts nothing of the host', 'pod.volumes.0', { name: 'x', hostPath: { path: '/' } }],
  ['leaves names to the cluster', 'pod.hostAliases', [{ ip: '10.0.0.1', hostnames: ['postgresql'] }]],
  ['has time to stop', 'pod.terminationGracePeriodSeconds', 5],
  ['is not privileged', `${container}.securityContext.privileged`, true],
  ['adds no capability', `${container}.securityContext.capabilities.add`, ['SYS_ADMIN']],
  ['has a fixed image', `${container}.image`, 'ghcr.io/lordmuffin/backup:latest'],
  ['has a fixed image', `${container}.image`, 'ghcr.io/lordmuffin/backup'],
  ['has its image by digest', `${container}.image`, 'ghcr.io/lordmuffin/backup:0.1.0'],
  ['gets no secret through its environment', `${container}.env.0`, { name: 'P', valueFrom: { secretKeyRef: {} } }],
  ['gets no secret through its environment', `${container}.envFrom`, [{ secretRef: { name: 's' } }]],
  ['has each variable once', `${container}.env.0`, { name: 'LOG_LEVEL' }],
  ['opens no port of the host, no privileged one and no SSH', `${container}.ports`, [{ containerPort: 22 }]],
  ['opens no port of the host, no privileged one and no SSH', `${container}.ports`, [{ containerPort: 8080, hostPort: 8080 }]],
  ['is probed on a port of its own', `${container}.livenessProbe`, { tcpSocket: { port: 1 } }],
  ['has a service account of its own', 'pod.serviceAccountName', 'default'],
  ['runs under accounts that are made', 'pod.serviceAccountName', 'someone'],
  ['refers to what is made', 'pod.volumes.0', { name: 'x', configMap: { name: 'gone' } }],
  ['refers to what is made', `${container}.env.0`, { name: 'X', valueFrom: { configMapKeyRef: { name: 'backup-config', key: 'GONE' } } }],
  ['pulls no image anew each time', `${container}.imagePullPolicy`, 'Always'],
]; // prettier-ignore

const failJob = 'spec.jobTemplate.spec.podFailurePolicy.rules.1.onExitCodes';

const jobs: readonly (readonly [string, string, unknown])[] = [
  ['starts late rather than never', 'spec.startingDeadlineSeconds', 10],
  ['never runs twice at once', 'spec.concurrencyPolicy', 'Allow'],
  ['says that it is not suspended', 'spec.suspend', true],
  ['starts a new pod for each try', 'pod.restartPolicy', 'OnFailure'],
  ['is tried a bounded number of times', 'spec.jobTemplate.spec.backoffLimit', 100],
  [
    'shares its work by index, all at once, where it has several pods',
    'spec.jobTemplate.spec.parallelism',
    4,
  ],
  ['tries transient errors again', `${failJob}.values`, [2, 3, 6, 7, 8]],
  ['gives up on errors that another try cannot cure', `${failJob}.operator`, 'NotIn'],
  ['gives up on errors that another try cannot cure', `${failJob}.containerName`, 'other'],
];

const roles: readonly (readonly [string, string, unknown])[] = [
  ['grants nothing by wildcard', 'rules.0.verbs', ['*']],
  ['lets nobody read secrets', 'rules.0.resources', ['secrets']],
  ['lets only people create what runs, and only what they are to', 'rules.0', { resources: ['deployments'], verbs: ['create'] }],
  ['changes and enters named objects only', 'rules.0', { resources: ['pods/exec'], verbs: ['create'] }],
  ['changes and enters named objects only', 'rules.0', { resources: ['configmaps'], verbs: ['patch'] }],
  ['reads single CronJobs by name', 'rules.0', { resources: ['cronjobs'], verbs: ['get'] }],
  ['grants no way to more rights', 'rules.0.verbs', ['impersonate']],
  ['grants no way to more rights', 'rules.0.resources', ['serviceaccounts/token']],
  ['stays within its namespace', 'kind', 'ClusterRole'],
]; // prettier-ignore

const bindings: readonly (readonly [string, string, unknown])[] = [
  ['binds nobody to cluster-admin', 'roleRef', { kind: 'ClusterRole', name: 'cluster-admin' }],
  [
    'binds people by their groups, and pods to what they alone do',
    'subjects',
    [{ kind: 'Group', name: 'system:anonymous' }],
  ],
  [
    'binds people by their groups, and pods to what they alone do',
    'subjects',
    [{ kind: 'ServiceAccount', name: 'backup-operator' }],
  ],
];

const policies: readonly Weakening[] = [
  ...['Ingress', 'Egress'].map((direction) => ({
    rule: `is denied all ${direction.toLowerCase()} but what a policy allows`,
    object: 'NetworkPolicy backup-default-deny',
    path: 'spec.policyTypes',
    value: [direction === 'Ingress' ? 'Egress' : 'Ingress'],
  })),
  ...(
    [
      ['selects other pods by their labels', 'spec.egress.0.to.0', { podSelector: {} }],
      ['selects a pod that there is', 'spec.podSelector.matchExpressions.0.values', ['gone']],
      ['opens to a pod what that pod needs', 'spec.podSelector.matchExpressions', []],
    ] as const
  ).map(inObject('NetworkPolicy redis-backup-to-database')),
  inObject('NetworkPolicy postgresql-backup-to-server')([
    'lets in the backup pods of this system only',
    'spec.ingress.0.from.0.podSelector.matchExpressions',
    [],
  ]),
];

const objects: readonly Weakening[] = [
  inObject('Pod')(['holds every secret for a day at most', 'spec.activeDeadlineSeconds', 7 * 86_400]),
  inObject('Role backup-restore-services')([
    'scales and watches, where a pod is bound to it',
    'rules.0',
    { resources: ['pods'], verbs: ['list', 'delete'], resourceNames: ['x'] },
  ]),
  inObject('Role backup-restore-services')([
    'changes and enters named objects only',
    'rules.0.resourceNames',
    [],
  ]),
  ...(
    [
      ['grants no way to more rights', 'rules.0.resourceNames', []],
      ['grants no way to more rights', 'rules.0.resourceNames', ['admin']],
      ['grants no way to more rights', 'rules.1.resourceNames', []],
      ['grants no way to more rights', 'rules.1.resourceNames', ['system:masters']],
      ['stays within its namespace', 'metadata.name', 'grill-stats-backup-others'],
    ] as const
  ).map(inObject('ClusterRole grill-stats-backup-console-impersonation')),
  ...(
    [
      ['binds nobody to cluster-admin', 'roleRef.name', 'cluster-admin'],
      ['binds nobody to cluster-admin', 'roleRef.name', 'edit'],
      [
        'binds people by their groups, and pods to what they alone do',
        'subjects',
        [{ kind: 'ServiceAccount', name: 'backup-operator' }],
      ],
    ] as const
  ).map(inObject('ClusterRoleBinding grill-stats-backup-console-people')),
  ...(
    [
      ['mounts secrets and configuration read-only', 'pod.containers.0.volumeMounts.0.readOnly', false],
      ['has one pod, or two consoles one after the other, as its volume has one node', 'spec.replicas', 3],
      [
        'has one pod, or two consoles one after the other, as its volume has one node',
        'spec.strategy.rollingUpdate.maxSurge',
        1,
      ],
    ] as const
  ).map(inObject('Deployment backup-console')),
  ...(
    [
      ['lets nodes be drained', 'spec.maxUnavailable', 0],
      ['lets nodes be drained', 'spec.unhealthyPodEvictionPolicy', 'IfHealthyBudget'],
      ['lets nodes be drained', 'spec.selector.matchLabels', { app: 'other' }],
    ] as const
  ).map(inObject('PodDisruptionBudget')),
  inObject('Ingress')(['leads to a Service', 'spec.rules.0.http.paths.0.backend.service.name', 'other']),
  inObject('HTTPRoute')(['leads to a Service', 'spec.rules.0.backendRefs.0.port', 80]),
  inObject('Deployment')([
    'has one pod, or two consoles one after the other, as its volume has one node',
    'spec.replicas',
    3,
  ]),
  inObject('Deployment')(['selects its own pods', 'spec.selector.matchLabels', { app: 'other' }]),
  inObject('Service')(['stays inside the cluster', 'spec.type', 'LoadBalancer']),
  inObject('Service')(['has pods and ports behind it', 'spec.selector', { app: 'other' }]),
  inObject('Service')(['has pods and ports behind it', 'spec.ports.0.targetPort', 'other']),
  inObject('ServiceMonitor')(['has a service behind it', 'spec.selector.matchLabels', { app: 'other' }]),
  inObject('PersistentVolumeClaim')(['fits its schema', 'spec.acessModes', []]),
  inObject('PersistentVolumeClaim')(['has its keys in order', 'aSpec', {}]),
  inObject('PersistentVolumeClaim')(['has no field that says nothing', 'spec.volumeName', null]),
  inObject('PersistentVolumeClaim')(['lies in the namespace of the system', 'metadata.namespace', 'default']),
  inObject('PersistentVolumeClaim')(['belongs to a platform by its labels', 'metadata.labels', {}]),
  inObject('PersistentVolumeClaim')(['is of a stable API', 'apiVersion', 'extensions/v1beta1']),
  inObject('ConfigMap')(['holds no secret', 'kind', 'Secret']),
  inObject('Namespace')([
    'enforces nothing on the pods of others',
    'metadata.labels',
    { 'pod-security.kubernetes.io/enforce': 'restricted' },
  ]),
];

export const weakenings: readonly Weakening[] = [
  ...['CronJob', 'Deployment', 'Pod'].flatMap((kind) => pods.map(inObject(kind))),
  ...jobs.map(inObject('CronJob')),
  ...roles.map(inObject('Role')),
  ...bindings.map(inObject('RoleBinding')),
  ...policies,
  ...objects,
];
