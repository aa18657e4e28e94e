import { containerRule, contextsOf, podRule, unless, type Data, type Rule } from './rule.ts';

const lowestUser = 10_000;
const isSet = (value: unknown): boolean => value !== undefined;
const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']; // prettier-ignore

/** Who a pod runs as and what it shares with its node. */
export const podRules: readonly Rule[] = [
  podRule(
    'shares no namespace of the host',
    [
      'PSS',
      'CIS 5.2.3',
      'CIS 5.2.4',
      'CIS 5.2.5',
      'kube-linter host-ipc',
      'kube-linter host-network',
      'kube-linter host-pid',
      'kubesec HostIPC',
      'kubesec HostNetwork',
      'kubesec HostPID',
    ],
    (spec) => ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'].filter((key) => spec[key]),
  ),
  podRule(
    'runs as non-root',
    ['PSS', 'NSA', 'CIS 5.2.7', 'kube-linter run-as-non-root', 'kubesec RunAsNonRoot'],
    (spec) => [
      ...unless(spec.securityContext?.runAsNonRoot === true, 'runAsNonRoot'),
      ...contextsOf(spec).filter((context) => context.runAsNonRoot === false),
    ],
  ),
  podRule('has a user above 10000', ['kubesec RunAsUser'], (spec) => [
    ...unless(spec.securityContext?.runAsUser > lowestUser, 'runAsUser'),
    ...contextsOf(spec).filter(({ runAsUser }) => runAsUser <= lowestUser),
  ]),
  podRule('has a group above 10000', ['kubesec RunAsGroup'], (spec) => [
    ...unless(spec.securityContext?.runAsGroup > lowestUser, 'runAsGroup'),
    ...contextsOf(spec).filter(({ runAsGroup }) => runAsGroup <= lowestUser),
  ]),
  podRule('shares volumes by a group above 10000', ['NSA'], (spec) => [
    ...unless(spec.securityContext?.fsGroup > lowestUser, 'fsGroup'),
    ...(spec.securityContext?.supplementalGroups ?? []),
  ]),
  podRule(
    'has the seccomp profile of the runtime, on the pod',
    ['PSS', 'CIS 5.7.2', 'NSA', 'kubesec SeccompAny'],
    (spec) => unless(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'seccompProfile'),
  ),
  podRule(
    'is confined everywhere',
    ['PSS', 'kubesec SeccompUnconfined', 'kubesec ApparmorUnconfined'],
    (spec) =>
      contextsOf(spec).filter(
        (context) =>
          context.seccompProfile?.type === 'Unconfined' || context.appArmorProfile?.type === 'Unconfined',
      ),
  ),
  podRule(
    'sets no sysctl, SELinux user, proc mount or Windows option',
    ['PSS', 'kube-linter unsafe-proc-mount', 'kube-linter unsafe-sysctls'],
    (spec) =>
      contextsOf(spec).filter(({ sysctls, seLinuxOptions, procMount, windowsOptions }) =>
        [sysctls, seLinuxOptions, procMount, windowsOptions].some(isSet),
      ),
  ),
  podRule(
    'mounts nothing of the host',
    [
      'PSS',
      'CIS 5.2.12',
      'kube-linter docker-sock',
      'kube-linter sensitive-host-mounts',
      'kube-linter writable-host-mount',
      'kubesec DockerSock',
      'kubesec ProcMount',
    ],
    (spec) =>
      (spec.volumes ?? []).flatMap((volume: object) =>
        Object.keys(volume).filter((key) => key !== 'name' && !allowedVolumes.includes(key)),
      ),
  ),
  podRule('leaves names to the cluster', ['kubesec HostAliases'], (spec) => spec.hostAliases ?? []),
  podRule('learns of no other service by its environment', ['NSA'], (spec) =>
    unless(spec.enableServiceLinks === false, 'enableServiceLinks'),
  ),
  podRule('bounds its scratch space', ['NSA'], (spec) =>
    (spec.volumes ?? []).filter(
      ({ emptyDir }: never) => emptyDir && !(emptyDir as { sizeLimit?: string }).sizeLimit,
    ),
  ),
  podRule('writes no key to a disk', ['NSA'], (spec) =>
    (spec.volumes ?? []).filter(
      ({ name, emptyDir }: Data) => name === 'verification-keys' && emptyDir?.medium !== 'Memory',
    ),
  ),
  podRule('says when it is started again', ['Kubernetes API core/v1'], (spec) =>
    unless(spec.restartPolicy, 'restartPolicy'),
  ),
  podRule('has time to stop', ['NSA'], (spec) =>
    unless(spec.terminationGracePeriodSeconds >= 60, 'terminationGracePeriodSeconds'),
  ),
  podRule('lets nobody but owner and group read a secret', ['CIS 5.4.1'], (spec) =>
    (spec.volumes ?? []).filter(
      ({
        secret,
        projected = secret,
      }: Record<'secret' | 'projected', { defaultMode?: number } | undefined>) =>
        projected && ((projected.defaultMode ?? 0o644) & 0o027) !== 0,
    ),
  ),
  podRule('shares a volume of one node with its neighbours', ['NSA'], (spec) =>
    unless(
      !spec.volumes?.some(({ persistentVolumeClaim }: never) => persistentVolumeClaim) ||
        spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length,
      'podAffinity',
    ),
  ),
];

const listensOn = (
  { ports = [] }: { ports?: { name?: string; containerPort: number }[] },
  probe: unknown,
): boolean => {
  const { httpGet, tcpSocket } = (probe ?? {}) as Record<
    string,
    { port?: unknown; host?: string } | undefined
  >;
  const target = httpGet ?? tcpSocket;
  return (
    !target ||
    (target.host === undefined &&
      ports.some(({ name, containerPort }) => target.port === name || target.port === containerPort))
  );
};

/** What single containers write to besides scratch space: of the archives the audit trail alone, and keys for the one after it. */
const writes: Readonly<Record<string, string>> = {
  console: '/backup/audit',
  'verification-keys': '/secrets/backup-verification-keys',
};

/** What a container may do and use. */
export const containerRules: readonly Rule[] = [
  containerRule(
    'is not privileged',
    ['PSS', 'CIS 5.2.2', 'kube-linter privileged-container', 'kubesec Privileged'],
    ({ securityContext }) => !securityContext?.privileged,
  ),
  containerRule(
    'adds no capability',
    ['PSS', 'CIS 5.2.9', 'kubesec CapSysAdmin'],
    ({ securityContext }) => !securityContext?.capabilities?.add?.length,
  ),
  containerRule(
    'drops all capabilities',
    [
      'PSS',
      'CIS 5.2.8',
      'CIS 5.2.10',
      'kube-linter drop-net-raw-capability',
      'kubesec CapDropAll',
      'kubesec CapDropAny',
    ],
    ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL'),
  ),
  containerRule(
    'cannot gain privileges',
    [
      'PSS',
      'CIS 5.2.6',
      'NSA',
      'kube-linter privilege-escalation-container',
      'kubesec AllowPrivilegeEscalation',
    ],
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false,
  ),
  containerRule(
    'has a read-only root',
    ['NSA', 'kube-linter no-read-only-root-fs', 'kubesec ReadOnlyRootFilesystem'],
    ({ securityContext }) => securityContext?.readOnlyRootFilesystem === true,
  ),
  ...(['requests', 'limits'] as const).flatMap((side) =>
    (['cpu', 'memory', 'ephemeral-storage'] as const).map((key) =>
      containerRule(
        `has ${side} of ${key}`,
        key === 'ephemeral-storage'
          ? ['NSA']
          : [
              'NSA',
              `kube-linter unset-${key}-requirements`,
              `kubesec ${side === 'requests' ? 'Requests' : 'Limits'}${key === 'cpu' ? 'CPU' : 'Memory'}`,
            ],
        ({ resources }) => Boolean(resources?.[side]?.[key]),
      ),
    ),
  ),
  containerRule('has a fixed image', ['kube-linter latest-tag'], ({ image }) =>
    /^[^@]+:(?!latest(@|$))[\w.-]+(@sha256:[0-9a-f]{64})?$/.test(image),
  ),
  containerRule('has its image by digest', ['NSA'], ({ image }) => /@sha256:[0-9a-f]{64}$/.test(image)),
  containerRule(
    'gets no secret through its environment',
    [
      'CIS 5.4.1',
      'kube-linter env-var-secret',
      'kube-linter read-secret-from-env-var',
      'kubesec SecretsAsEnvironmentVariables',
    ],
    ({ env = [], envFrom = [] }) =>
      !envFrom.length &&
      env.every(
        ({
          name,
          value,
          valueFrom,
        }: {
          name: string;
          value?: string;
          valueFrom?: { secretKeyRef?: object };
        }) => !valueFrom?.secretKeyRef && !(value && /secret/i.test(name)),
      ),
  ),
  containerRule(
    'has each variable once',
    ['kube-linter duplicate-env-var'],
    ({ env = [] }) => new Set(env.map(({ name }: { name: string }) => name)).size === env.length,
  ),
  containerRule('mounts secrets and configuration read-only', ['NSA'], ({ name, volumeMounts = [] }) =>
    volumeMounts.every(
      ({ mountPath, readOnly }: { mountPath: string; readOnly?: boolean }) =>
        readOnly ||
        mountPath === '/tmp' ||
        mountPath === writes[name] ||
        (mountPath === '/backup' && !['exporter', 'console'].includes(name)),
    ),
  ),
  containerRule(
    'opens no port of the host, no privileged one and no SSH',
    ['PSS', 'CIS 5.2.13', 'kube-linter privileged-ports', 'kube-linter ssh-port'],
    ({ ports = [] }) =>
      ports.every(
        ({ hostPort, containerPort }: { hostPort?: number; containerPort: number }) =>
          hostPort === undefined && containerPort >= 1024,
      ),
  ),
  containerRule(
    'is probed on a port of its own',
    ['PSS', 'kube-linter liveness-port', 'kube-linter readiness-port', 'kube-linter startup-port'],
    (container) =>
      [container.livenessProbe, container.readinessProbe, container.startupProbe].every((probe) =>
        listensOn(container, probe),
      ),
  ),
];

const mainContainersOf = (object: Data): Data[] => object.spec.template.spec.containers;

/** Whatever runs forever shows that it does. */
export const probeRules: readonly Rule[] = ['livenessProbe', 'readinessProbe'].map((probe) => ({
  name: `has a ${probe} where it serves`,
  sources: [`kube-linter no-${probe.replace('Probe', '-probe')}`],
  violations: (objects) =>
    objects
      .filter(({ kind }) => kind === 'Deployment')
      .filter((object) => mainContainersOf(object).some((container) => !container[probe]))
      .map(({ metadata }) => metadata.name),
}));
