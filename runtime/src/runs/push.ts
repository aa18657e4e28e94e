import { secondsTaken, unixSeconds } from '../core/times.ts';
import { commandOf, type RunRecord } from './records.ts';
import { pushedMetrics, type Metric } from '../contract/metrics.ts';
import { names } from '../contract/names.ts';
import { messageOf } from '../core/errors.ts';
import { numberOf } from '../notify/event.ts';
import type { App } from '../session/app.ts';
import type { Sample } from '../metrics/sample.ts';

/** Longest that a push may take: a dead gateway must not hold a Job. */
const timeoutMs = 5000;

/** What is not known of this run is not sent, and stays in the gateway as an earlier run left it. */
const samplesOf = (record: RunRecord): readonly Sample[] => {
  const { finishedAt, ok, exitCode, target } = record;
  const values: Readonly<Record<keyof typeof pushedMetrics, number | undefined>> = {
    jobEnd: unixSeconds(finishedAt),
    jobSuccess: Number(ok),
    jobSucceeded: ok ? unixSeconds(finishedAt) : undefined,
    jobExitCode: exitCode,
    jobDuration: secondsTaken(record),
    jobSourceBytes: numberOf(record, 'sourceBytes'),
    jobArchiveBytes: numberOf(record, 'archiveBytes'),
  };
  const labels = { target, command: commandOf(record) };
  return Object.entries<Metric>(pushedMetrics).flatMap(([id, metric]) => {
    const value = values[id as keyof typeof pushedMetrics];
    return value === undefined ? [] : [{ metric, labels, value }];
  });
};

/** Group of a target's command: its next run takes the place of this one. */
const groupOf = (environment: string, record: RunRecord): string =>
  `/metrics/job/${names.program}/environment/${environment}/target/${record.target}/command/${commandOf(record)}`;

const send = async (url: string, environment: string, record: RunRecord): Promise<void> => {
  const { expose } = await import('../metrics/exposition.ts'); // a run without a gateway does without prom-client
  // POST, so that what is not sent stays: https://github.com/prometheus/pushgateway#post-method
  const response = await fetch(`${url.replace(/\/$/, '')}${groupOf(environment, record)}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; version=0.0.4' },
    body: await expose(samplesOf(record), environment, 'prometheus'),
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
