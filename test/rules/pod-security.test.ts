import { describe, expect, test } from '@jest/globals';
import { environmentNames, environmentOf, objectsOf, podsOf, type PodOf } from '../kit/environments.ts';

// Pod Security Standards, restricted: https://kubernetes.io/docs/concepts/security/pod-security-standards/
// Each rule gives what violates it. Further rules are of NSA/CISA's Kubernetes Hardening Guide and the CIS benchmark.

type Rule = (spec: PodOf['spec']) => readonly unknown[];

const containers = (spec: PodOf['spec']) => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
];
const without = (spec: PodOf['spec'], holds: (container: PodOf['spec']) => boolean) =>
  containers(spec)
    .filter((container) => !holds(container))
    .map(({ name }) => name);
const hostOf = (probe: PodOf['spec']) => probe?.httpGet?.host ?? probe?.tcpSocket?.host;
const isSet = (value: unknown): boolean => value !== undefined;

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const restricted: Readonly<Record<string, Rule>> = {
  'shares no namespace of the host': (spec) =>
    ['hostNetwork', 'hostPID', 'hostIPC'].filter((key) => spec[key]),
  'has no privileged container': (spec) => without(spec, ({ securityContext: c }) => !c.privileged),
  'adds no capability': (spec) => without(spec, ({ securityContext: c }) => !c.capabilities.add?.length),
  'drops all capabilities': (spec) =>
    without(spec, ({ securityContext: c }) => c.capabilities.drop.includes('ALL')),
  'allows no privilege escalation': (spec) =>
    without(spec, ({ securityContext: c }) => c.allowPrivilegeEscalation === false),
  'runs as non-root': (spec) => [spec.securityContext].filter((c) => c.runAsNonRoot !== true),
  'runs as a user other than 0': (spec) =>
    [spec.securityContext, ...containers(spec).map((c) => c.securityContext)].filter(
      (c) => c.runAsUser === 0,
    ),
  'sets the seccomp profile of the pod': (spec) =>
    [spec.securityContext].filter((c) => c.seccompProfile?.type !== 'RuntimeDefault'),
  'weakens no seccomp profile in a container': (spec) =>
    without(spec, ({ securityContext: c }) => c.seccompProfile?.type !== 'Unconfined'),
  'uses no host port': (spec) =>
    containers(spec)
      .flatMap(({ ports }) => ports ?? [])
      .filter((port) => isSet(port.hostPort)),
  'uses no host probe': (spec) =>
    containers(spec).filter((c) => isSet(hostOf(c.livenessProbe)) || isSet(hostOf(c.readinessProbe))),
  'mounts allowed kinds of volumes only': (spec) =>
    spec.volumes.flatMap((volume: object) =>
      Object.keys(volume).filter((key) => key !== 'name' && !allowedVolumes.includes(key)),
    ),
  'sets no sysctl, SELinux user or proc mount': (spec) =>
    [spec.securityContext, ...containers(spec).map((c) => c.securityContext)].filter(
      (c) => isSet(c.sysctls) || isSet(c.seLinuxOptions) || isSet(c.procMount),
    ),
};

const hardening: Readonly<Record<string, Rule>> = {
  'has a read-only root filesystem': (spec) =>
    without(spec, ({ securityContext: c }) => c.readOnlyRootFilesystem === true),
  'mounts no API token': (spec) => [spec].filter((pod) => pod.automountServiceAccountToken !== false),
  'has a service account of its own': (spec) =>
    [spec.serviceAccountName].filter((name) => !['backup-operator', 'backup-restore'].includes(name)),
  'has requests and limits': (spec) =>
    without(spec, ({ resources }) =>
      ['cpu', 'memory', 'ephemeral-storage'].every((key) => resources.requests[key] && resources.limits[key]),
    ),
  'bounds its scratch space': (spec) =>
    spec.volumes.filter((volume: PodOf['spec']) => volume.emptyDir && !volume.emptyDir.sizeLimit),
  'uses a fixed image': (spec) =>
    without(spec, ({ image }) => /:[^/]+$/.test(image) && !image.endsWith(':latest')),
  'gets no secret through its environment': (spec) =>
    containers(spec).flatMap(({ env, envFrom }) => [
      ...(envFrom ?? []),
      ...(env ?? []).filter((v: PodOf['spec']) => v.valueFrom?.secretKeyRef),
    ]),
  'mounts secrets and configuration read-only': (spec) =>
    containers(spec)
      .flatMap(({ volumeMounts }) => volumeMounts)
      .filter((mount) => !['backup', 'scratch'].includes(mount.name) && !mount.readOnly),
  'lets nobody but owner and group read a secret': (spec) =>
    spec.volumes.filter(
      (volume: PodOf['spec']) => volume.secret && (volume.secret.defaultMode & 0o007) !== 0,
    ),
};

describe.each(environmentNames)('%s', (name) => {
  const objects = objectsOf(environmentOf(name));
  const pods = podsOf(objects);

  test('every workload is looked at', () => {
    expect(pods.map(({ owner }) => owner)).toEqual([
      'CronJob postgresql-backup',
      'CronJob influxdb-backup',
      'CronJob redis-backup',
      'CronJob backup-verification',
      'CronJob backup-drill',
      'Deployment backup-exporter',
      'Pod backup-restore-job',
    ]);
  });

  describe.each(pods.map((pod) => [pod.owner, pod] as const))('%s', (_, { spec }) => {
    test.each(Object.entries({ ...restricted, ...hardening }))('%s', (_, violations) => {
      expect(violations(spec)).toEqual([]);
    });
  });
});

test('a rule finds a violation', () => {
  const [{ spec }] = podsOf(objectsOf(environmentOf('dev'))) as [PodOf];
  const [container] = spec.containers;
  const bad = {
    ...spec,
    hostNetwork: true,
    securityContext: { runAsUser: 0 },
    automountServiceAccountToken: true,
    serviceAccountName: 'default',
    volumes: [
      { name: 'x', hostPath: { path: '/' } },
      { name: 'y', emptyDir: {} },
      { name: 'z', secret: { defaultMode: 0o444 } },
    ],
    containers: [
      {
        ...container,
        image: 'x:latest',
        env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        ports: [{ containerPort: 1, hostPort: 1 }],
        livenessProbe: { tcpSocket: { host: 'x', port: 1 } },
        resources: { requests: {}, limits: {} },
        volumeMounts: [{ name: 'x', mountPath: '/x' }],
        securityContext: {
          privileged: true,
          capabilities: { add: ['SYS_ADMIN'], drop: [] },
          procMount: 'Unmasked',
          seccompProfile: { type: 'Unconfined' },
        },
      },
    ],
  };
  const silent = Object.entries({ ...restricted, ...hardening }).filter(
    ([, violations]) => violations(bad).length === 0,
  );
  expect(silent.map(([rule]) => rule)).toEqual([]);
});
