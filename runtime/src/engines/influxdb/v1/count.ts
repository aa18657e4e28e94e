import type { RunContext } from '../../../core/context.ts';
import { isBackupError, type FailureCode } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { earliest, intervalsOf, lastOf, type Interval } from '../intervals.ts';
import { measuresOf, type ByType, type Measures } from '../measures.ts';
import { SeriesSet } from '../tsm/series-set.ts';
import { identifier, query, rows, stream, type Series } from './influxql.ts';
import { chosenDatabases, groupsOf, policiesOf, type ShardGroup } from './list.ts';

/** Where and how a retention policy is counted. */
interface Counting {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly database: string;
  readonly policy: string;
  readonly failure: FailureCode;
}

type Range = Pick<Interval, 'start' | 'end'>;

/** Every measurement: without `s`, a dot leaves out names with a newline. */
const all = '/(?s).*/';

const fromOf = ({ database, policy }: Counting, what = all): string =>
  `${identifier(database)}.${identifier(policy)}.${what}`;

const within = ({ start, end }: Range): string => `time >= ${start} AND time <= ${end}`;

/** A field of a measurement. */
interface Field {
  readonly measurement: string;
  readonly field: string;
}

const keyOf = ({ measurement, field }: Field): string => JSON.stringify([measurement, field]);

/** Memory for the series of a retention policy: three million different ones. */
const seriesRoomBytes = 36 << 20;

/** Types that a field has in any shard, in the server's order. */
type Types = ReadonlyMap<string, readonly string[]>;

const typesOf = async (counting: Counting): Promise<Types> => {
  const { context, source, database, policy, failure } = counting;
  const influxql = `SHOW FIELD KEYS ON ${identifier(database)} FROM ${identifier(policy)}.${all}`;
  const found = new Map<string, string[]>();
  for (const series of await query(context, source, influxql, failure))
    for (const { fieldKey, fieldType } of rows([series])) {
      const key = keyOf({ measurement: `${series.name}`, field: `${fieldKey}` });
      found.set(key, [...(found.get(key) ?? []), `${fieldType}`]);
    }
  return found;
};

interface Counted {
  readonly series: number;
  readonly fields: readonly (Field & { readonly points: number })[];
}

/** A series as bytes; `undefined` is a tag that another series of the answer has. */
const seriesBytes = ({ name, tags = {} }: Series): Buffer =>
  Buffer.from(JSON.stringify([name, ...Object.entries(tags).filter(([, value]) => value !== '')]));

/** Points of each field, one row of the answer per series; memory is that of the fields, and of the set of series. */
const countFields = async (counting: Counting, range: Range, seen?: SeriesSet): Promise<Counted> => {
  const { context, source, failure } = counting;
  const influxql = `SELECT count(*) FROM ${fromOf(counting)} WHERE ${within(range)} GROUP BY *`;
  const fields = new Map<string, Counted['fields'][number]>();
  let series = 0;
  for await (const found of stream(context, source, influxql, failure)) {
    const { name, columns, values } = found;
    const counts = columns.map((column, at) => [column, Number(values?.[0]?.[at] ?? 0)] as const).slice(1);
    const filled = counts.filter(([, count]) => count > 0);
    if (filled.length > 0) series++;
    if (filled.length > 0) seen?.add(seriesBytes(found), true);
    for (const [column, count] of filled) {
      const field = { measurement: `${name}`, field: column.slice('count_'.length) };
      fields.set(keyOf(field), { ...field, points: (fields.get(keyOf(field))?.points ?? 0) + count });
    }
  }
  return { series, fields: [...fields.values()] };
};

/** Reads integers only: what the server says of a float instead (influxql: binary operators). */
const noInteger = /incompatible types|invalid operation|type error/i;

/** Type that a field has in one interval, where it has others elsewhere: a query for its bits tells numbers apart. */
const typeWithin = async (
  counting: Counting,
  { measurement, field }: Field,
  range: Range,
  types: readonly string[],
): Promise<string> => {
  const { context, source, failure } = counting;
  const ask = (what: string) => {
    const from = fromOf(counting, identifier(measurement));
    const influxql = `SELECT ${what} AS value FROM ${from} WHERE ${within(range)} LIMIT 1`;
    return query(context, source, influxql, failure);
  };
  const [row] = rows(await ask(`${identifier(field)}::field`));
  const kind = typeof row?.value;
  if (kind !== 'number') return kind;
  const [type, ...more] = types.filter((type) => type !== 'string' && type !== 'boolean');
  if (type !== undefined && more.length === 0) return type;
  try {
    await ask(`${identifier(field)} | 0`);
    return 'integer';
  } catch (error) {
    if (isBackupError(error, failure) && noInteger.test(error.message)) return 'float';
    throw error;
  }
};

const countInterval = async (
  counting: Counting,
  types: Types,
  interval: Interval,
  series: SeriesSet,
): Promise<ByType> => {
  const byType: Record<string, number> = {};
  const seen = interval.isOpen ? undefined : series;
  for (const counted of (await countFields(counting, interval, seen)).fields) {
    const possible = types.get(keyOf(counted)) ?? [];
    const [only, ...more] = possible;
    const isSure = only !== undefined && more.length === 0;
    const type = isSure ? only : await typeWithin(counting, counted, interval, possible);
    byType[type] = (byType[type] ?? 0) + counted.points;
  }
  return byType;
};

/** Series that a query over all shards shows, up to `asOf`: of each field those of one type. */
const countVisibleSeries = async (counting: Counting, asOf: Date): Promise<number> => {
  const { context, source, failure } = counting;
  const range = within({ start: earliest, end: lastOf(asOf) });
  const influxql = `SELECT first(*) FROM ${fromOf(counting)} WHERE ${range} GROUP BY *`;
  let series = 0;
  for await (const { values } of stream(context, source, influxql, failure))
    if (values?.[0]?.slice(1).some((value) => value !== null)) series++;
  return series;
};

const countPolicy = async (
  counting: Counting,
  groups: readonly ShardGroup[],
  { asOf, series: which }: Manner,
): Promise<Measures> => {
  const types = await typesOf(counting);
  const series = new SeriesSet({ bytes: seriesRoomBytes });
  const found: (readonly [Interval, ByType])[] = [];
  for (const interval of intervalsOf(groups, asOf))
    found.push([interval, await countInterval(counting, types, interval, series)]);
  const visible = which === 'visible' ? await countVisibleSeries(counting, asOf) : series.size;
  return measuresOf(visible, found);
};

/** As fingerprints of earlier versions: all time at once, and fields with points by the last of their types. */
const countPolicyByFields = async (counting: Counting, asOf: Date): Promise<Measures> => {
  const types = await typesOf(counting);
  const { series, fields } = await countFields(counting, { start: earliest, end: lastOf(asOf) });
  const byType: Record<string, number> = {};
  for (const field of fields) {
    const type = types.get(keyOf(field))?.at(-1) ?? 'unknown';
    byType[type] = (byType[type] ?? 0) + 1;
  }
  return { series, points: fields.reduce((sum, { points }) => sum + points, 0), ...byType };
};

/** How a database is counted. */
export interface Manner {
  readonly asOf: Date;
  readonly failure: FailureCode;
  /** Name under which it is counted. @default its own */
  readonly countedAs?: string;
  /** As earlier versions did, to compare with their archives. @default false */
  readonly byFields?: boolean;
  /** Series of `all` types, or those that a query over all shards shows, as archives that the server counted have them. */
  readonly series: 'all' | 'visible';
}

/** Counts a database; items are `<database>/<retention policy>`, policies without points among them. */
export const countDatabase = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  manner: Manner,
): Promise<Fingerprint> => {
  const { asOf, failure, countedAs = database, byFields = false } = manner;
  const found: Record<string, Measures> = {};
  const groups = await groupsOf(context, source, database, failure);
  for (const { name: policy } of await policiesOf(context, source, database, failure)) {
    const counting = { context, source, database, policy, failure };
    const own = groups.filter((group) => group.policy === policy);
    found[`${countedAs}/${policy}`] = byFields
      ? await countPolicyByFields(counting, asOf)
      : await countPolicy(counting, own, manner);
  }
  return found;
};

/** Counts the databases of the connection. */
export const countNow = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  failure: FailureCode = 'source.unreachable',
): Promise<Fingerprint> => {
  const found: Record<string, Measures> = {};
  for (const database of await chosenDatabases(context, source, failure))
    Object.assign(found, await countDatabase(context, source, database, { asOf, failure, series: 'all' }));
  return found;
};
