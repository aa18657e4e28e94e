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

/** Databases that restores left. One is needed until its database was restored again: 1.x may have lost that meanwhile. */
export const leftovers = async (context: RunContext, source: InfluxdbSource): Promise<readonly Leftover[]> =>
  (await listDatabases(context, source, failure))
    .filter((name) => leftoverOf(name)?.kind === 'unfinished')
    .map((name) => ({
      name: `database ${name}`,
      kind: 'unfinished',
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
