import { nextRun } from '../../plan/cron.ts';

/**
 * Tier of a backup that is no scheduled one: hourly only while the newest daily archive is that of the last scheduled time. So of a
 * night that failed, the next of them makes up. Pure. @param newestDaily its start; undefined where there is none
 */
export const tierBetween = (
  schedule: string,
  newestDaily: string | undefined,
  now: Date,
): 'daily' | 'hourly' => {
  if (newestDaily === undefined) return 'daily';
  const due = nextRun(schedule, new Date(newestDaily));
  return due === undefined || due > now ? 'hourly' : 'daily';
};
