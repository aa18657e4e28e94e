import type { RunContext } from '../../core/context.ts';
import { withClient, type PostgresqlSource } from './client.ts';
import { errorText } from './error-text.ts';

/**
 * Gathers the planner's statistics, which no dump holds: without them the first queries on the restored data may take a bad
 * plan. One ANALYZE also reaches partitioned tables, which neither vacuumdb of PostgreSQL 15 nor autovacuum does. It reads a
 * sample of each table, 300 pages times the statistics target at most. That it fails is no reason not to restore.
 */
export const analyze = async (
  { log, now }: RunContext,
  source: PostgresqlSource,
  database: string,
  tables: readonly string[] = [],
): Promise<void> => {
  const begun = now().getTime();
  await withClient(source, database, async (client) => {
    await client.query('SET statement_timeout = 0; SET lock_timeout = 0');
    await client.query(`ANALYZE ${tables.join(', ')}`);
  }).then(
    () => log.info({ database, seconds: (now().getTime() - begun) / 1000 }, 'analyzed'),
    (error: unknown) => log.warn({ database, problem: errorText(error) }, 'not analyzed: run ANALYZE'),
  );
};
