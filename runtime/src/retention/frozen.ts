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
