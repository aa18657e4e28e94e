import { cronJobNames } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../../src/environment/environment.ts';
import type { Role } from './people.ts';
import { at, find, objectsOf } from '../kit/environments.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects as a person may write them
type Data = any;

/** One try of somebody to create an object, and what the API server has to answer. */
export interface AdmissionCase {
  readonly title: string;
  /** Whose rights the person has. */
  readonly who: Role;
  readonly object: Data;
  readonly denied?: boolean;
}

/** As `kubectl create job --from=cronjob/…` makes it (pkg/cmd/create/create_job.go). */
const jobFrom = (cronJob: Data): Data => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: 'manual',
    namespace: cronJob.metadata.namespace,
    annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
    labels: cronJob.spec.jobTemplate.metadata.labels,
    ownerReferences: [
      {
        ...{ apiVersion: 'batch/v1', kind: 'CronJob', name: cronJob.metadata.name, controller: true },
        uid: '00000000-0000-0000-0000-000000000001',
      },
    ],
  },
  spec: cronJob.spec.jobTemplate.spec,
});

const altered = (object: Data, alter: (copy: Data) => void): Data => {
  const copy = structuredClone(object);
  alter(copy);
  return copy;
};

const stolen = { name: 'stolen', secret: { secretName: 'somebody-elses' } };
const fromSecret = {
  name: 'STOLEN',
  valueFrom: { secretKeyRef: { name: 'somebody-elses', key: 'password' } },
};
const second = (pod: Data): Data => ({ ...pod.containers[0], name: 'second' });

/** Ways to get more out of a pod than ours has; both kinds are tried with each. */
const podAlterations: Readonly<Record<string, (pod: Data) => void>> = {
  'another Secret as a volume': (pod) => pod.volumes.push(stolen),
  'another Secret in a projected volume': (pod) =>
    pod.volumes.push({ name: 'stolen', projected: { sources: [{ secret: { name: 'somebody-elses' } }] } }),
  'another Secret in the environment': (pod) => pod.containers[0].env.push(fromSecret),
  'a whole Secret in the environment': (pod) =>
    (pod.containers[0].envFrom = [{ secretRef: { name: 'somebody-elses' } }]),
  'a Secret in the environment of an init container': (pod) =>
    (pod.initContainers = [{ ...second(pod), env: [fromSecret] }]),
  'another image': (pod) => (pod.containers[0].image = 'docker.io/library/busybox:1'),
  'a second container of another image': (pod) =>
    pod.containers.push({ ...second(pod), image: 'docker.io/library/busybox:1' }),
  'an init container of another image': (pod) =>
    (pod.initContainers = [{ ...second(pod), image: 'docker.io/library/busybox:1' }]),
  'another account': (pod) =>
    (pod.serviceAccountName = ['backup-operator', 'backup-restore'].find(
      (name) => name !== pod.serviceAccountName,
    )),
  'a folder of the node': (pod) => pod.volumes.push({ name: 'host', hostPath: { path: '/' } }),
  'a volume of a driver': (pod) =>
    pod.volumes.push({ name: 'csi', csi: { driver: 'secrets-store.csi.k8s.io' } }),
  'another claim': (pod) =>
    pod.volumes.push({ name: 'other', persistentVolumeClaim: { claimName: 'postgresql-data' } }),
  'another ConfigMap': (pod) => pod.volumes.push({ name: 'other', configMap: { name: 'somebody-elses' } }),
  'the network of the node': (pod) => (pod.hostNetwork = true),
  'the processes of the node': (pod) => (pod.hostPID = true),
};

/** Of a Job everything is compared, of the restore pod what gives it more. */
const jobAlterations: Readonly<Record<string, (job: Data) => void>> = {
  ...Object.fromEntries(
    Object.entries(podAlterations).map(([title, alter]) => [
      title,
      (job: Data) => alter(job.spec.template.spec),
    ]),
  ),
  'another command': (job) => (job.spec.template.spec.containers[0].command = ['/bin/sh', '-c', 'id']),
  arguments: (job) => (job.spec.template.spec.containers[0].args = ['--plan', '/tmp/mine']),
  'a variable': (job) =>
    job.spec.template.spec.containers[0].env.push({ name: 'NODE_OPTIONS', value: '--require=/tmp/x' }),
  'a token of its account': (job) => (job.spec.template.spec.automountServiceAccountToken = true),
  root: (job) => (job.spec.template.spec.securityContext.runAsUser = 0),
  'a node of choice': (job) => (job.spec.template.spec.nodeName = 'node-1'),
  'a label that another policy selects': (job) => (job.spec.template.metadata.labels.app = 'api'),
  'labels of the restore pod': (job) =>
    (job.spec.template.metadata.labels['app.kubernetes.io/name'] = 'backup-restore-job'),
  'an annotation for a webhook': (job) =>
    (job.spec.template.metadata.annotations = { 'sidecar.example.com/inject': 'true' }),
  'a hundred pods': (job) => Object.assign(job.spec, { parallelism: 100, completions: 100 }),
  'no owner': (job) => delete job.metadata.ownerReferences,
  'an owner of another kind': (job) => (job.metadata.ownerReferences[0].kind = 'Deployment'),
  'an owner that is not there': (job) => (job.metadata.ownerReferences[0].name = 'nightly-report'),
  'no label': (job) => delete job.metadata.labels['app.kubernetes.io/name'],
  'the label of another': (job) => (job.metadata.labels['app.kubernetes.io/name'] = 'backup-verification'),
};

const podOnly: Readonly<Record<string, (pod: Data) => void>> = {
  'another name': (pod) => (pod.metadata.name = 'toolbox'),
  'a name that the server makes': (pod) => {
    pod.metadata.generateName = 'backup-restore-job';
    delete pod.metadata.name;
  },
  'labels of a backup': (pod) => (pod.metadata.labels['app.kubernetes.io/name'] = 'postgresql-backup'),
  ...Object.fromEntries(
    Object.entries(podAlterations).map(([title, alter]) => [title, (pod: Data) => alter(pod.spec)]),
  ),
};

/** What people of an environment try. */
export const admissionCases = (environment: Environment): readonly AdmissionCase[] => {
  const objects = objectsOf(environment);
  const plain = <T>(object: T): T => JSON.parse(JSON.stringify(object)) as T;
  const cronJobs = cronJobNames(environment.targets);
  const jobs = cronJobs.map((name) => plain(jobFrom(find(objects, 'CronJob', name))));
  const pod: Data = plain(find(objects, 'Pod', 'backup-restore-job'));
  const sample = jobs[0];
  return [
    ...cronJobs.map(
      (name, index) => ({ title: `a Job of ${name}`, who: 'oncall', object: jobs[index] }) as const,
    ),
    ...Object.entries(jobAlterations).map(
      ([title, alter]) =>
        ({
          title: `a Job with ${title}`,
          who: 'oncall',
          object: altered(sample, alter),
          denied: true,
        }) as const,
    ),
    { title: 'the restore pod', who: 'restore', object: pod },
    ...Object.entries(podOnly).map(
      ([title, alter]) =>
        ({
          title: `a pod with ${title}`,
          who: 'restore',
          object: altered(pod, alter),
          denied: true,
        }) as const,
    ),
  ];
};

/** The policies as they were asked, without the image, which every release changes. */
export const policiesOf = (environment: Environment): string =>
  JSON.stringify(
    objectsOf(environment).filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy')),
  ).replaceAll(
    at(find(objectsOf(environment), 'Pod', 'backup-restore-job'), 'spec').containers[0].image,
    'IMAGE',
  );
