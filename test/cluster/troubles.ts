import type { Environment } from '../../src/environment/environment.ts';
import { environmentOf, environmentWith } from '../kit/environments.ts';
import { databasesOf } from './databases.ts';
import { kubectl } from './kubectl.ts';

const prod = environmentOf('prod');
const { name: namespace } = prod.namespace;
const [postgresql, ...others] = prod.targets;

export const laneClass = 'grill-stats-lane';

/** The environment of which a cluster that has everything lacks nothing. */
export const good = {
  // test/rules/preflight.test.ts looks at what a console needs
  console: { enabled: false },
  network: {},
  image: { ...prod.image, digest: `sha256:${'1'.repeat(64)}` },
  storage: { ...prod.storage, className: laneClass },
};

/** A cluster, or an environment, with one thing wrong. */
export interface Case {
  readonly title: string;
  /** Of the good environment. */
  readonly changes?: object;
  /** Makes the cluster so; resolves to what undoes it. @default it stays as it is */
  readonly prepare?: () => Promise<() => Promise<unknown>>;
  /** For kubectl. @default an administrator asks */
  readonly options?: readonly string[];
  /** `check: object` of each trouble that has to be found, and of no other. */
  readonly finds: readonly string[];
}

export const environmentOfCase = ({ changes }: Case): Environment =>
  environmentWith('prod', { ...good, ...changes });

const json = (object: object): string => JSON.stringify(object);

const made =
  (...objects: readonly object[]) =>
  async () => {
    const list = json({ apiVersion: 'v1', kind: 'List', items: objects });
    await kubectl(['create', '-f', '-'], list);
    return () => kubectl(['delete', '-f', '-'], list);
  };

/** Another object in the place of one of the databases' own. */
const replaced = (kind: string, name: string, change: (object: object) => object | undefined) => async () => {
  const own = databasesOf(prod).find(
    (object) => object['kind'] === kind && (object['metadata'] as { name: string }).name === name,
  )!;
  const other = change(own);
  await kubectl(['delete', kind, name, '-n', namespace]);
  if (other) await kubectl(['create', '-f', '-'], json(other));
  return () => kubectl(['replace', '--force', '-f', '-'], json(own));
};

const service = (spec: object) => (own: object) => ({ ...own, spec });

const slice = {
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
  metadata: { name: 'lane-slice', namespace, labels: { 'kubernetes.io/service-name': 'postgresql' } },
  endpoints: [{ addresses: ['192.0.2.10'] }],
  ports: [{ port: 5432 }],
};

const outside = replaced('Service', 'postgresql', service({ ports: [{ port: 5432 }] }));

const withoutSelector = async () => {
  const undo = await outside();
  const remove = await made(slice)();
  return async () => {
    await remove();
    await undo();
  };
};

const claim = (spec: object) =>
  made({
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    metadata: { name: 'backup-storage-pvc', namespace },
    spec: {
      storageClassName: laneClass,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '100Gi' } },
      ...spec,
    },
  });

const labelled = async () => {
  const label = 'pod-security.kubernetes.io/enforce';
  await kubectl(['label', 'namespace', namespace, `${label}=restricted`]);
  return () => kubectl(['label', 'namespace', namespace, `${label}-`]);
};

/** Its claim is of another time: the controller of volumes calls it released. */
export const releasedVolume = {
  ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'lane-released' } },
  spec: {
    ...{ storageClassName: laneClass, capacity: { storage: '100Gi' }, accessModes: ['ReadWriteOnce'] },
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: '/nowhere' },
    claimRef: { name: 'backup-storage-pvc', namespace, uid: '00000000-0000-0000-0000-000000000001' },
  },
};

const nodeLocalDns = {
  ...{
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'node-local-dns', namespace: 'kube-system' },
  },
  spec: {
    selector: { matchLabels: { 'k8s-app': 'node-local-dns' } },
    template: {
      metadata: { labels: { 'k8s-app': 'node-local-dns' } },
      spec: {
        nodeSelector: { 'grill-stats-lane/none': 'true' },
        containers: [
          {
            name: 'cache',
            image: 'registry.k8s.io/dns/k8s-dns-node-cache:1',
            args: ['-localip', '169.254.20.10,10.96.0.10'],
          },
        ],
      },
    },
  },
};

const viewer = {
  ...{
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'lane-viewer', namespace },
  },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'lane-viewer' }],
};

const deletingClass = {
  ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'lane-deletes' } },
  ...{ provisioner: 'lane/none', reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer' },
};

export const nothingWrong: Case = { title: 'nothing', finds: [] };

/** The troubles of an empty or odd cluster, each on its own. */
export const troubles: readonly Case[] = [
  {
    title: 'no namespace',
    changes: { namespace: 'grill-stats-lane-none' },
    finds: [
      'namespace: Namespace grill-stats-lane-none',
      ...prod.targets.map(({ secret }) => `secrets: Secret ${secret.name}`),
      ...prod.targets.map(({ name }) => `databases: Service ${name}`),
    ],
  },
  {
    title: 'an operator that is absent',
    changes: {
      secrets: {
        externalSecret: { storeName: 'vault', remoteKeys: { encryption: 'backup', notification: 'backup' } },
      },
    },
    finds: ['kinds: external-secrets.io/v1 ExternalSecret'],
  },
  {
    title: 'a Secret that is absent',
    prepare: replaced('Secret', 'postgresql-secret', () => undefined),
    finds: ['secrets: Secret postgresql-secret'],
  },
  {
    title: 'a Secret without a key',
    prepare: replaced('Secret', 'postgresql-secret', (own) => ({
      ...own,
      stringData: { username: 'backup' },
    })),
    finds: ['secrets: Secret postgresql-secret'],
  },
  {
    title: 'the encryption Secret without its passphrase',
    prepare: made({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-encryption-secret', namespace } },
      stringData: { 's3-access-key': 'a' },
    }),
    finds: ['secrets: Secret backup-encryption-secret'],
  },
  {
    title: 'a pull secret that is absent',
    changes: { image: { ...good.image, pullSecrets: ['registry'] } },
    finds: ['secrets: Secret registry'],
  },
  {
    title: 'a ConfigMap with certificates that is absent',
    changes: {
      targets: [
        {
          ...postgresql,
          connection: {
            host: 'postgresql',
            database: 'grill_stats',
            tls: { ca: { configMap: 'database-ca' } },
          },
        },
        ...others,
      ],
    },
    finds: ['secrets: ConfigMap database-ca'],
  },
  {
    title: 'a StorageClass that is absent',
    changes: { storage: { ...prod.storage, className: 'nowhere' } },
    finds: ['storage-class: StorageClass nowhere'],
  },
  {
    title: 'a StorageClass that deletes volumes',
    prepare: made(deletingClass),
    changes: { storage: { ...prod.storage, className: 'lane-deletes' } },
    finds: ['reclaim-policy: StorageClass lane-deletes'],
  },
  {
    title: 'a volume of a claim that was deleted',
    prepare: made(releasedVolume),
    finds: ['released-volume: PersistentVolume lane-released'],
  },
  {
    title: 'a claim with another access mode',
    prepare: claim({ accessModes: ['ReadWriteMany'] }),
    finds: ['claim: PersistentVolumeClaim backup-storage-pvc'],
  },
  {
    title: 'a claim of another class',
    prepare: claim({ storageClassName: 'other' }),
    finds: ['claim: PersistentVolumeClaim backup-storage-pvc'],
  },
  {
    title: 'a claim that is larger',
    prepare: claim({ resources: { requests: { storage: '200Gi' } } }),
    finds: ['claim: PersistentVolumeClaim backup-storage-pvc'],
  },
  {
    title: 'a claim that cannot grow',
    prepare: claim({ resources: { requests: { storage: '50Gi' } } }),
    finds: ['claim: PersistentVolumeClaim backup-storage-pvc'],
  },
  {
    title: 'a PriorityClass that is absent',
    changes: { priorityClass: 'lane-priority' },
    finds: ['priority-class: PriorityClass lane-priority'],
  },
  {
    title: 'the image of the examples',
    changes: { image: prod.image },
    finds: [`image: image ${prod.image.repository}`],
  },
  {
    title: 'Pod Security that databases do not keep',
    prepare: labelled,
    finds: prod.targets.map(({ name }) => `pod-security: Pod ${name}-0`),
  },
  {
    title: 'DNS of OpenShift',
    changes: {
      network: { ...prod.network, dns: { namespace: 'kube-system', podLabels: { 'k8s-app': 'other-dns' } } },
    },
    finds: ['dns: pods {"k8s-app":"other-dns"} in kube-system'],
  },
  {
    title: 'NodeLocal DNSCache',
    prepare: made(nodeLocalDns),
    finds: ['dns: DaemonSet node-local-dns'],
  },
  {
    title: 'a Service that is absent',
    prepare: replaced('Service', 'redis', () => undefined),
    finds: ['databases: Service redis'],
  },
  {
    title: 'a Service without selector',
    prepare: withoutSelector,
    finds: ['databases: Service postgresql'],
  },
  {
    title: 'a Service that stands for a name outside',
    prepare: replaced(
      'Service',
      'postgresql',
      service({ type: 'ExternalName', externalName: 'db.example.com' }),
    ),
    finds: ['databases: Service postgresql'],
  },
  {
    title: 'labels that select other pods',
    changes: { targets: [{ ...postgresql, network: { podLabels: { app: 'postgres' } } }, ...others] },
    finds: ['databases: Service postgresql'],
  },
  {
    title: 'a Service with another port',
    changes: {
      targets: [{ ...postgresql, connection: { ...postgresql!.connection, port: 6432 } }, ...others],
    },
    finds: ['databases: Service postgresql'],
  },
  {
    title: 'an API server at another address and port',
    changes: {
      targets: [{ ...postgresql, services: [{ name: 'api' }] }, ...others],
      network: { ...prod.network, apiServer: { cidrs: ['203.0.113.1/32'] }, apiServerPorts: [1] },
    },
    finds: ['api-server: API server', 'api-server: API server'],
  },
  {
    title: 'somebody who may only look',
    prepare: made(viewer),
    options: ['--as=lane-viewer'],
    finds: ['rights: your account', 'rights: your account', 'hidden: your account'],
  },
];
