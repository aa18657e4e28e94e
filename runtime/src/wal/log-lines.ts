import { isOfObject } from '../archives/catalogue.ts';
import type { LogWork } from '../engines/engine-log.ts';
import { readHistory } from './history.ts';
import { lineOf, type LinePart } from './line.ts';
import type { LogPlace } from './place.ts';
import { liveTimelines, type SystemLog } from './retention.ts';
import { readAllStored, type StoredLog } from './stored.ts';

/** Systems of a target with the lines of their live timelines, and why one cannot be told. */
export interface Systems {
  readonly systems: readonly SystemLog[];
  readonly problem?: string;
}

/** @throws BackupError archive.*, store.* */
const readLine = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors'>,
  { system, histories }: StoredLog,
  timeline: number,
): Promise<readonly LinePart[] | string> => {
  const history = histories.find((each) => each.timeline === timeline);
  if (history) return lineOf(timeline, log.ancestors(await readHistory(place, history)));
  return timeline === 1 ? lineOf(1, []) : `the history of timeline ${timeline} of ${system} is not stored`;
};

const readSystem = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors'>,
  stored: StoredLog,
  from: number,
): Promise<Systems> => {
  const lines = new Map<number, readonly LinePart[]>();
  const problems: string[] = [];
  for (const timeline of liveTimelines(stored, from)) {
    const line = await readLine(place, log, stored, timeline).catch((error: unknown) => {
      if (!isOfObject(error)) throw error;
      return error.message;
    });
    if (typeof line === 'string') problems.push(line);
    else lines.set(timeline, line);
  }
  const [problem] = problems;
  return { systems: [{ ...stored, lines }], ...(problem !== undefined && { problem }) };
};

/** Reads names and histories of all of a target's log. @param from the window's start, in ms */
export const readSystems = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors'>,
  from: number,
): Promise<Systems> => {
  const systems: SystemLog[] = [];
  let problem: string | undefined;
  for (const stored of await readAllStored(place)) {
    const read = await readSystem(place, log, stored, from);
    systems.push(...read.systems);
    problem ??= read.problem;
  }
  return { systems, ...(problem !== undefined && { problem }) };
};
