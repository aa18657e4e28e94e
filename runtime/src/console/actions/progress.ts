import { z } from 'zod';
import type { Cluster } from '../../cluster/api.ts';
import { isBackupError } from '../../core/errors.ts';
import type { Caller } from '../auth/caller.ts';

const jobSchema = z.object({
  status: z
    .object({
      startTime: z.iso.datetime().optional(),
      completionTime: z.iso.datetime().optional(),
      active: z.int().default(0),
      failed: z.int().default(0),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
    })
    .prefault({}),
});

const podsSchema = z.object({
  items: z
    .array(z.object({ metadata: z.object({ name: z.string(), creationTimestamp: z.string() }) }))
    .nullable(),
});

/** A line of a Job's log that says how far it is. */
const progressLine = z.object({
  msg: z.string(),
  bytes: z.number(),
  totalBytes: z.number().optional(),
  seconds: z.number(),
});

/** How far a Job is. */
export interface JobProgress {
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed';
  readonly startedAt?: string;
  /** What it is doing, such as `backup redis`; absent where its log does not say. */
  readonly stage?: string;
  readonly bytes?: number;
  readonly totalBytes?: number;
  readonly bytesPerSecond?: number;
  /** Until this stage ends; absent where its size is not known. */
  readonly leftSeconds?: number;
}

/** Lines of a log that are looked at: one in ten seconds says how far a run is. */
const tailLines = 50;

const lineOf = (text: string): z.output<typeof progressLine> | undefined => {
  try {
    return progressLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/** What the newest line says that says something. Pure. */
export const stageOf = (log: string): Partial<JobProgress> => {
  const last = log
    .split('\n')
    .map(lineOf)
    .findLast((line) => line !== undefined);
  if (!last) return {};
  const { msg: stage, bytes, totalBytes, seconds } = last;
  const bytesPerSecond = Math.round(bytes / Math.max(seconds, 1));
  const left =
    totalBytes !== undefined && bytesPerSecond > 0 ? (totalBytes - bytes) / bytesPerSecond : undefined;
  return {
    stage,
    bytes,
    bytesPerSecond,
    ...(totalBytes !== undefined && { totalBytes }),
    ...(left !== undefined && { leftSeconds: Math.max(0, Math.ceil(left)) }),
  };
};

const stateOf = ({ conditions, active }: z.output<typeof jobSchema>['status']): JobProgress['state'] => {
  const holds = (type: string) => conditions?.some((each) => each.type === type && each.status === 'True');
  if (holds('Complete')) return 'succeeded';
  if (holds('Failed')) return 'failed';
  return active > 0 ? 'running' : 'waiting';
};

/** Where somebody may not read logs, or the pod has none yet, the state alone is shown. */
const quiet = (error: unknown): string => {
  if (isBackupError(error) && error.code !== 'cluster.unreachable') return '';
  throw error;
};

/** The newest lines of the newest pod of a Job, as the caller may see them. @throws BackupError `cluster.*` */
export const logOfJob = async (cluster: Cluster, { as }: Caller, job: string): Promise<string> => {
  const folder = `/api/v1/namespaces/${cluster.namespace}/pods`;
  const query = new URLSearchParams({ labelSelector: `batch.kubernetes.io/job-name=${job}` });
  const { items } = podsSchema.parse(
    await cluster.call({ method: 'GET', path: `${folder}?${query.toString()}`, as }),
  );
  const pods = (items ?? []).map(({ metadata }) => metadata);
  const [newest] = pods.toSorted((a, b) => (a.creationTimestamp < b.creationTimestamp ? 1 : -1));
  if (!newest) return '';
  return cluster.read({ method: 'GET', path: `${folder}/${newest.name}/log?tailLines=${tailLines}`, as });
};

/** How far a Job is, as the caller may see it. @throws BackupError `cluster.*`, `service.unknown` */
export const progressOf = async (cluster: Cluster, caller: Caller, job: string): Promise<JobProgress> => {
  const path = `/apis/batch/v1/namespaces/${cluster.namespace}/jobs/${job}`;
  const { status } = jobSchema.parse(await cluster.call({ method: 'GET', path, as: caller.as }));
  const state = stateOf(status);
  const log = state === 'running' ? await logOfJob(cluster, caller, job).catch(quiet) : '';
  return { state, ...(status.startTime && { startedAt: status.startTime }), ...stageOf(log) };
};
