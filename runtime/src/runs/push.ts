import { pushedMetrics } from '../contract/metrics.ts';
import { names } from '../contract/names.ts';
import { messageOf } from '../core/errors.ts';
import { secondsTaken, unixSeconds } from '../core/times.ts';
import { samplesFrom, type MetricTable } from '../metrics/table.ts';
import { numberOf } from '../notify/event.ts';
import type { App } from '../session/app.ts';
import { commandOf } from './facts.ts';
import type { RunRecord } from './records.ts';

/** Longest that a push may take: a dead gateway must not hold a Job. */
const timeoutMs = 5000;

/** How each metric follows from a run. What is not known of it is not sent, and stays in the gateway as an earlier run left it. */
const jobMetrics: MetricTable<typeof pushedMetrics, RunRecord, 'target' | 'command'> = {
  jobEndedAt: ({ finishedAt }) => unixSeconds(finishedAt),
  jobOk: ({ ok }) => ok,
  jobLastOkAt: ({ ok, finishedAt }) => (ok ? unixSeconds(finishedAt) : undefined),
  jobExitCode: ({ exitCode }) => exitCode,
  jobDuration: secondsTaken,
  jobSourceBytes: (record) => numberOf(record, 'sourceBytes'),
  jobArchiveBytes: (record) => numberOf(record, 'archiveBytes'),
};

/** Group of a target's command: its next run takes the place of this one. */
const groupOf = (environment: string, record: RunRecord): string =>
  `/metrics/job/${names.program}/environment/${environment}/target/${record.target}/command/${commandOf(record)}`;

const send = async (url: string, environment: string, record: RunRecord): Promise<void> => {
  const { expose } = await import('../metrics/exposition.ts'); // a run without a gateway does without prom-client
  // POST, so that what is not sent stays: https://github.com/prometheus/pushgateway#post-method
  const labels = { target: record.target, command: commandOf(record) };
  const samples = samplesFrom(pushedMetrics, jobMetrics, labels, record);
  const response = await fetch(`${url.replace(/\/$/, '')}${groupOf(environment, record)}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; version=0.0.4' },
    body: await expose(samples, environment, 'prometheus'),
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
};

/** Pushes metrics of a run where the plan names a Pushgateway. Never throws and takes 5 s at most. */
export const pushRun = async ({ run, plan }: App, record: RunRecord): Promise<void> => {
  if (!plan.pushgateway) return;
  await send(plan.pushgateway.url, plan.environment, record).catch((error: unknown) =>
    run.log.warn({ problem: messageOf(error) }, 'metrics could not be pushed'),
  );
};
