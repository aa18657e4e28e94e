import type { RunRecord } from './records.ts';

/** What a run is called where drills count apart: a drill proves something else than reading does, and runs on days of its own. */
export const commandOf = ({ command, figures }: RunRecord): string =>
  command === 'verify' && figures['level'] === 'drill' ? 'drill' : command;

/** False for a run that another one kept from starting: it tells nothing about its command. */
export const saysSomething = ({ failure }: RunRecord): boolean => failure?.code !== 'lock.held';

/**
 * The last run of each command that says something, newest first: a run that met a lock neither makes the last one look
 * worse, nor hides that it failed. @param records newest first
 */
export const lastRuns = (records: readonly RunRecord[]): ReadonlyMap<string, RunRecord> => {
  const last = new Map<string, RunRecord>();
  for (const record of records.filter(saysSomething)) {
    const command = commandOf(record);
    if (!last.has(command)) last.set(command, record);
  }
  return last;
};
