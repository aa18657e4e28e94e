import { BackupError } from '../../../core/errors.ts';
import type { TimelineSwitch } from '../../engine-log.ts';
import { parsePosition } from './positions.ts';

const damaged = (line: string): BackupError =>
  new BackupError('archive.damaged', `not a line of a timeline's history: ${JSON.stringify(line)}`);

/** `1<tab>0/3000000<tab>no recovery target specified`; lines of comments and empty ones say nothing. */
const parseLine = (line: string): TimelineSwitch => {
  const [, timeline, position = ''] = /^\s*([1-9]\d{0,9})\s+(\S+)(\s|$)/.exec(line) ?? [];
  const at = parsePosition(position);
  if (timeline === undefined || at === undefined) throw damaged(line);
  return { timeline: Number(timeline), at };
};

/** The timelines that a history names, oldest first. @throws BackupError archive.damaged */
export const ancestors = (history: Buffer): readonly TimelineSwitch[] =>
  history
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .map(parseLine);
