import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { identifier, query, rows, stream } from './influxql.ts';

/** Milliseconds → nanoseconds; the bound itself is excluded, so it is the next millisecond. */
const boundOf = (asOf: Date): string => `${BigInt(asOf.getTime() + 1) * 1_000_000n}`;

const typesOf = async (
  context: RunContext,
  source: InfluxdbSource,
  from: string,
  database: string,
  failure: FailureCode,
): Promise<ReadonlyMap<string, string>> => {
  const influxql = `SHOW FIELD KEYS ON ${identifier(database)} FROM ${from}`;
  const found = await query(context, source, influxql, failure);
  return new Map(
    found.flatMap((series) =>
      rows([series]).map((row) => [`${series.name}\n${row.fieldKey}`, `${row.fieldType}`] as const),
    ),
  );
};

/**
 * Counts one retention policy up to `asOf`: `series` (measurement and tags), `points` (values of all fields), and fields
 * with data by type, e.g. `{series: 4, points: 900, float: 2}`.
 */
const countPolicy = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  policy: string,
  asOf: Date,
  failure: FailureCode,
): Promise<Readonly<Record<string, number>>> => {
  const types = await typesOf(context, source, `${identifier(policy)}./.*/`, database, failure);
  const from = `${identifier(database)}.${identifier(policy)}./.*/`;
  const influxql = `SELECT count(*) FROM ${from} WHERE time < ${boundOf(asOf)} GROUP BY *`;
  const fields = new Set<string>();
  let [series, points] = [0, 0];
  for await (const { name, columns, values } of stream(context, source, influxql, failure)) {
    const counts = columns
      .map((column, index) => [column, Number(values?.[0]?.[index] ?? 0)] as const)
      .slice(1);
    const filled = counts.filter(([, count]) => count > 0);
    if (filled.length > 0) series++;
    for (const [column, count] of filled) {
      points += count;
      fields.add(`${name}\n${column.slice('count_'.length)}`);
    }
  }
  const byType: Record<string, number> = {};
  for (const field of fields) {
    const type = types.get(field) ?? 'unknown';
    byType[type] = (byType[type] ?? 0) + 1;
  }
  return { series, points, ...byType };
};

/** Databases but the server's own. */
export const listDatabases = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly string[]> =>
  rows(await query(context, source, 'SHOW DATABASES', failure))
    .map(({ name }) => `${name}`)
    .filter((name) => name !== '_internal');

/**
 * Counts a database; items are `<database>/<retention policy>`, or `counted as` another database's name. Retention
 * policies without points count too.
 */
export const countDatabase = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  asOf: Date,
  failure: FailureCode,
  countedAs = database,
): Promise<Fingerprint> => {
  const found: Record<string, Readonly<Record<string, number>>> = {};
  const influxql = `SHOW RETENTION POLICIES ON ${identifier(database)}`;
  for (const { name } of rows(await query(context, source, influxql, failure)))
    found[`${countedAs}/${name}`] = await countPolicy(context, source, database, `${name}`, asOf, failure);
  return found;
};

/** Databases of the connection, or all. */
export const chosenDatabases = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly string[]> => {
  const all = await listDatabases(context, source, failure);
  const { databases } = source.connection;
  return databases === undefined ? all : all.filter((name) => databases.includes(name));
};

/** Counts the databases of the connection. */
export const countNow = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  failure: FailureCode = 'source.unreachable',
): Promise<Fingerprint> => {
  const found: Record<string, Readonly<Record<string, number | string>>> = {};
  for (const database of await chosenDatabases(context, source, failure))
    Object.assign(found, await countDatabase(context, source, database, asOf, failure));
  return found;
};
