import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { capture } from '../../../core/process.ts';
import { serverUser } from '../../scratch-server.ts';

/** What a data folder says of its server. */
export interface Control {
  readonly segmentBytes: number;
  readonly connections: number;
  readonly workers: number;
  readonly senders: number;
  readonly preparedTransactions: number;
  readonly locksPerTransaction: number;
}

const numberIn = (text: string, name: string): number => {
  const value = new RegExp(`^${name}: +(\\d+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new BackupError('restore.failed', `pg_controldata does not say ${name}`);
  return Number(value);
};

/** Reads pg_control. @param programs folder of the server programs, empty where they are in PATH */
export const readControl = async (context: RunContext, programs: string, data: string): Promise<Control> => {
  const text = await capture(context, {
    program: join(programs, 'pg_controldata'),
    args: ['-D', data],
    env: { LC_ALL: 'C' },
    ...serverUser,
    failure: 'restore.failed',
  });
  return {
    segmentBytes: numberIn(text, 'Bytes per WAL segment'),
    connections: numberIn(text, 'max_connections setting'),
    senders: numberIn(text, 'max_wal_senders setting'),
    workers: numberIn(text, 'max_worker_processes setting'),
    preparedTransactions: numberIn(text, 'max_prepared_xacts setting'),
    locksPerTransaction: numberIn(text, 'max_locks_per_xact setting'),
  };
};
