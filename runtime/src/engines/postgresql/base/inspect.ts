import type { RunContext } from '../../../core/context.ts';
import type { Entries } from '../../../core/entries.ts';
import { BackupError } from '../../../core/errors.ts';
import type { InspectedBase } from '../../engine-base.ts';
import { parsePosition } from '../replication/positions.ts';
import { openCheck, type Checked } from './check.ts';

/** What the files of a base say of its log. @throws BackupError archive.damaged */
export const inspected = ({ ranges, backupLabel }: Checked): InspectedBase => {
  const redo = parsePosition(/^START WAL LOCATION: (\S+)/m.exec(backupLabel)?.[1] ?? '');
  const end = parsePosition(ranges[0]?.end ?? '');
  const timeline = ranges[0]?.timeline;
  if (redo === undefined || end === undefined || timeline === undefined)
    throw new BackupError('archive.damaged', 'the base does not say where its log begins');
  const since = parsePosition(/^INCREMENTAL FROM LSN: (\S+)/m.exec(backupLabel)?.[1] ?? '');
  return { timeline, redo, end, ...(since !== undefined && { since }) };
};

/** Reads every byte of a base, as pg_verifybackup does. @throws BackupError archive.damaged */
export const inspect = async (_run: RunContext, entries: Entries): Promise<InspectedBase> => {
  const check = openCheck('archive.damaged');
  for await (const { name, content } of entries) for await (const _ of check.pass(name, content));
  return inspected(check.result());
};
