import type { JobRun } from './jobs.ts';

/** What the API server answers: https://kubernetes.io/docs/reference/kubernetes-api/ */
export interface Answer {
  readonly status: number;
  /** A document, or the text of a log. */
  readonly body: object | string;
}

export const ok = (body: object | string, status = 200): Answer => ({ status, body });

/** A refusal, in the words of the API server. */
export const failure = (status: number, reason: string, message: string): Answer => ({
  status,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status },
});

const statusOf = ({ startedAt: startTime, ended }: JobRun) => {
  if (!ended) return { startTime, active: 1 };
  const condition = { type: ended.ok ? 'Complete' : 'Failed', status: 'True', lastTransitionTime: ended.at };
  return ended.ok
    ? { startTime, completionTime: ended.at, succeeded: 1, conditions: [condition] }
    : { startTime, failed: 1, conditions: [condition] };
};

const label = 'batch.kubernetes.io/job-name';

export const jobDocument = (run: JobRun, namespace: string): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: run.name, namespace, creationTimestamp: run.startedAt },
  status: statusOf(run),
});

/** A Job has one pod, of the same name. */
export const podsOf = (run: JobRun | undefined, namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'PodList',
  metadata: {},
  items: run
    ? [
        {
          metadata: {
            name: run.name,
            namespace,
            creationTimestamp: run.startedAt,
            labels: { [label]: run.name },
          },
        },
      ]
    : [],
});

/** The Job that a selector of pods names. */
export const selectedJob = (selector: string | null): string =>
  selector?.startsWith(`${label}=`) ? selector.slice(label.length + 1) : '';
