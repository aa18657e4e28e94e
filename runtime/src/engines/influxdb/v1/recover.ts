import type { RunContext } from '../../../core/context.ts';
import type { Leftover } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { leftoverOf } from '../leftover-names.ts';
import { identifier, query } from './influxql.ts';
import { listDatabases } from './list.ts';
import { resumePolicies } from './schema.ts';

const failure = 'restore.failed';

const drop = async (context: RunContext, source: InfluxdbSource, name: string): Promise<void> => {
  await query(context, source, `DROP DATABASE ${identifier(name)}`, failure);
};

/**
 * Databases that restores left. Such a copy may be all there is of its database, which 1.x drops to replace it and which a
 * client may have created since, empty: so a person removes it, or the restore that makes the database whole again.
 */
export const leftovers = async (context: RunContext, source: InfluxdbSource): Promise<readonly Leftover[]> =>
  (await listDatabases(context, source, failure))
    .filter((name) => leftoverOf(name)?.kind === 'unfinished')
    .map((name) => ({
      name: `database ${name}`,
      kind: 'kept',
      remove: () => drop(context, source, name),
    }));

/** Drops the copies of killed restores of databases that are whole again. */
export const dropCopies = async (
  context: RunContext,
  source: InfluxdbSource,
  databases: readonly string[],
): Promise<void> => {
  for (const name of await listDatabases(context, source, failure)) {
    const leftover = leftoverOf(name);
    if (leftover?.kind !== 'unfinished' || !databases.includes(leftover.of)) continue;
    await drop(context, source, name);
    context.log.warn({ database: name }, 'a killed restore left this; it was dropped');
  }
};

/** Puts retention back that a killed restore left suspended. */
export const recover = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  for (const name of await listDatabases(context, source, failure))
    await resumePolicies(context, source, name);
};
