import { once } from 'node:events';
import { createServer } from 'node:http';
import type {
  KubernetesMetric,
  kubernetesMetrics,
} from '../../../runtime/src/contract/kubernetes-metrics.ts';
import { cronJobNames } from '../../../runtime/src/contract/names.ts';

type Labels<Name extends KubernetesMetric> = Partial<
  Record<(typeof kubernetesMetrics)[Name][number], string>
> & { readonly namespace: string };

const line = <Name extends KubernetesMetric>(name: Name, labels: Labels<Name>, value: number): string =>
  `${name}{${Object.entries(labels)
    .map(([label, text]) => `${label}="${String(text)}"`)
    .join(',')}} ${value}`;

const hour = 3600;
const now = (): number => Date.now() / 1000;

/** CronJobs that wait for their next run. */
const idleCronJobs = (namespace: string, cronJobs: readonly string[]): readonly string[] =>
  cronJobs.flatMap((cronjob) => [
    line('kube_cronjob_created', { namespace, cronjob }, now() - 240 * hour),
    line('kube_cronjob_spec_suspend', { namespace, cronjob }, Number(cronjob === 'good-backup')),
    line('kube_cronjob_next_schedule_time', { namespace, cronjob }, now() + (cronjob === 'stale-backup' ? -2 : 1) * hour),
    line('kube_cronjob_status_last_successful_time', { namespace, cronjob }, now() - hour),
  ]); // prettier-ignore

const job = (namespace: string, cronjob: string, active: number): readonly string[] => {
  const job_name = `${cronjob}-1`;
  return [
    line('kube_job_owner', { namespace, job_name, owner_kind: 'CronJob', owner_name: cronjob }, 1),
    line('kube_job_status_active', { namespace, job_name }, active),
    line('kube_job_status_start_time', { namespace, job_name }, now() - 600),
    line('kube_job_spec_active_deadline_seconds', { namespace, job_name }, hour),
  ];
};

const finished = (namespace: string, cronjob: string, condition: 'kube_job_complete' | 'kube_job_failed') => [
  ...job(namespace, cronjob, 0),
  line(condition, { namespace, job_name: `${cronjob}-1`, condition: 'true' }, 1),
];

const pending = (namespace: string, cronjob: string): readonly string[] => {
  const pod = `${cronjob}-1-abcde`;
  return [
    ...job(namespace, cronjob, 1),
    line('kube_pod_status_phase', { namespace, pod, uid: 'u', phase: 'Pending' }, 1),
    line('kube_pod_owner', { namespace, pod, uid: 'u', owner_kind: 'Job', owner_name: `${cronjob}-1` }, 1),
  ];
};

/** A namespace: names of its targets, and whether its CronJobs are in trouble. */
export interface Namespace {
  readonly name: string;
  readonly targets: readonly string[];
  readonly troubled: boolean;
}

const textOf = ({ name, targets, troubled }: Namespace): readonly string[] => [
  ...idleCronJobs(name, cronJobNames(targets.map((target) => ({ name: target })))),
  ...finished(name, `${targets[0]!}-backup`, 'kube_job_complete'),
  ...(troubled
    ? [...pending(name, 'slow-backup'), ...job(name, 'keyless-backup', 0), ...finished(name, 'failed-backup', 'kube_job_failed')]
    : []),
]; // prettier-ignore

/**
 * Publishes what kube-state-metrics would of some namespaces: there is no cluster here. Names and labels are those of the
 * committed list, by type.
 */
export const startKubeStateMetrics = async (namespaces: readonly Namespace[]) => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`${namespaces.flatMap(textOf).join('\n')}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { address: `127.0.0.1:${port}`, stop };
};
