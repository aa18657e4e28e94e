import type { RunRecord } from '../../runtime/src/runs/records.ts';

/** The record of a run of target `redis`: a backup of an hour that went well, unless more says otherwise. @param day of January 2024 */
export const recordOf = (day: number, more: Partial<RunRecord> = {}): RunRecord => {
  const startedAt = `2024-01-${String(day).padStart(2, '0')}T02:00:00.000Z`;
  return {
    format: 1,
    command: 'backup',
    target: 'redis',
    startedAt,
    finishedAt: startedAt.replace('T02', 'T03'),
    ok: true,
    exitCode: 0,
    figures: {},
    ...more,
  };
};

/** What a record says of a failure. */
export const failed = (code: string): Partial<RunRecord> => ({
  ok: false,
  exitCode: 3,
  failure: { code, message: 'simulated' },
});

/** What the record of a drill says. */
export const drill = { command: 'verify', figures: { level: 'drill', restoreSeconds: 42 } } as const;
