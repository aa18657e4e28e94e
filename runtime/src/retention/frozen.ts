import { saysSomething } from '../runs/facts.ts';
import type { RunRecord } from '../runs/records.ts';

/**
 * Why retention waits: the last backup failed. Not for want of space, as retention is the way out of that; nor because it
 * met a lock, which says nothing about backups. @param records newest first
 */
export const frozenBy = (records: readonly RunRecord[]): string | undefined => {
  const last = records.find(
    (record) => record.command === 'backup' && saysSomething(record) && record.failure?.code !== 'store.full',
  );
  return last?.failure && `nothing is removed while backups fail: ${last.failure.code} at ${last.startedAt}`;
};

/** Commands that prove what is kept of a log; its bases are recorded by the first. */
const provingLog = ['base', 'drill'] as const;

/** Why retention of a log and its bases waits: the last base or drill failed. @param lastRuns by command */
export const logFrozenBy = (lastRuns: ReadonlyMap<string, RunRecord>): string | undefined => {
  const failed = provingLog.flatMap((command) => {
    const { failure, startedAt } = lastRuns.get(command) ?? {};
    return failure && failure.code !== 'store.full'
      ? [`the last ${command} failed: ${failure.code} at ${startedAt}`]
      : [];
  });
  return failed[0] && `nothing is removed while ${failed[0]}`;
};
