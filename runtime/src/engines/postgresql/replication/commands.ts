import type { Client } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { LogIdentity } from '../../engine-log.ts';
import { queryRow, type PostgresqlSource } from '../client.ts';
import { withReplication } from './connection.ts';
import { parsePosition } from './positions.ts';
import { explained } from './problems.ts';

/** Asks something of the replication protocol. */
const asking = <T>(source: PostgresqlSource, ask: (client: Client) => Promise<T>): Promise<T> =>
  explained(source, () => withReplication(source, ask));

/** @throws BackupError log.unsupported for what is no position */
export const positionOf = (text: string): bigint => {
  const position = parsePosition(text);
  if (position === undefined)
    throw new BackupError(
      'log.unsupported',
      `the server answers with a position that is none: ${JSON.stringify(text)}`,
    );
  return position;
};

export const identify = (_run: RunContext, source: PostgresqlSource): Promise<LogIdentity> =>
  asking(source, async (client) => {
    const { systemid, timeline, xlogpos } = await queryRow<{
      systemid: string;
      timeline: number | string;
      xlogpos: string;
    }>(client, 'IDENTIFY_SYSTEM');
    return { system: systemid, timeline: Number(timeline), position: positionOf(xlogpos) };
  });

/** The first timeline came from none. */
export const history = async (
  _run: RunContext,
  source: PostgresqlSource,
  timeline: number,
): Promise<Buffer | undefined> => {
  if (timeline === 1) return undefined;
  return asking(source, async (client) => {
    const { rows } = await client.query<{ content: string }>({
      text: `TIMELINE_HISTORY ${timeline}`,
      types: { getTypeParser: () => String }, // the file as it is, though older servers call it bytea
    });
    return Buffer.from(mustExist(rows[0], 'history of the timeline').content);
  });
};
