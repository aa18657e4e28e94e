import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import type { Header2 } from '../header.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { earliest, intervalsOf, lastOf, latest, timeText, type Interval } from '../intervals.ts';
import type { fieldTypes } from '../measures.ts';
import { measuresOf, type ByType, type Measures } from '../measures.ts';
import { SeriesSet } from '../tsm/series-set.ts';
import { groupsOf, isSystem, itemOf, type BucketMetadata } from './buckets.ts';
import { records } from './csv.ts';

/** Flux types by the names that a fingerprint uses, which are those of 1.x. */
const fluxTypes: Readonly<Record<(typeof fieldTypes)[number], string>> = {
  float: 'float',
  integer: 'int',
  unsigned: 'uint',
  string: 'string',
  boolean: 'bool',
};

/** Where a bucket is, and how it is counted. */
interface Counting {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  /** Id of the bucket and of its organization on the server. */
  readonly id: string;
  readonly orgID: string;
  readonly failure: FailureCode;
}

type Range = Pick<Interval, 'start' | 'end'>;

/** Memory for the series of a bucket: three million different ones. */
const seriesRoomBytes = 36 << 20;

/** Ids are the only text that goes into Flux; names never do. */
const idLiteral = (id: string): string => {
  if (!/^[0-9a-f]{16}$/.test(id))
    throw new BackupError('source.unsupported', `${id} is not an ID of influxdb 2.x`);
  return `"${id}"`;
};

const dataFlux = ({ id }: Counting, { start, end }: Range): string =>
  `data = from(bucketID: ${idLiteral(id)})\n  |> range(start: ${timeText(start)}, stop: ${timeText(end + 1n)})`;

const typeOf = Object.entries(fluxTypes)
  .map(([name, type]) => `      if types.isType(v: r._value, type: "${type}") then "${name}" else`)
  .join('\n');

const typesFlux = `map(fn: (r) => ({
    _measurement: r._measurement, _field: r._field, series: 1, type:
${typeOf}
      "unknown"
  }))
  |> group(columns: ["_measurement", "_field", "type"]) |> sum(column: "series") |> yield(name: "types")`;

/** Fields of one interval; the server counts them where its blocks are (pushdown of `group`, `count` and `first`). */
const intervalFlux = (counting: Counting, range: Range): string => `import "types"
${dataFlux(counting, range)}
fields = data |> group(columns: ["_measurement", "_field"])
fields |> count() |> yield(name: "points")
fields |> first() |> ${typesFlux}`;

/** Fields of all time, as earlier versions counted them: by series, where a query sees one type of each field. */
const fieldsFlux = (counting: Counting, range: Range): string => `import "types"
${dataFlux(counting, range)}
data |> count() |> group(columns: ["_measurement", "_field"]) |> sum() |> yield(name: "points")
data |> first() |> ${typesFlux}`;

/** Series with points, of the types that a query over all shards sees. */
const seriesFlux = (counting: Counting, range: Range): string => `${dataFlux(counting, range)}
data |> first() |> map(fn: (r) => ({_measurement: r._measurement, series: 1}))
  |> group() |> sum(column: "series") |> yield(name: "series")`;

/** A row for each series of one interval, by its tags. */
const eachSeriesFlux = (counting: Counting, range: Range): string => `${dataFlux(counting, range)}
data |> first() |> drop(columns: ["_start", "_stop", "_time", "_value"]) |> yield(name: "each")`;

/** Series of the index: also where a query fails, but some whose points were deleted, and not always the same. */
const cardinalityFlux = ({ id }: Counting, { start, end }: Range): string => `import "influxdata/influxdb"
influxdb.cardinality(bucketID: ${idLiteral(id)}, start: ${timeText(start)}, stop: ${timeText(end + 1n)})
  |> rename(columns: {_value: "series"}) |> yield(name: "series")`;

type Row = Readonly<Record<string, string>>;

/** Rows of an answer. An error in mid-answer is a table with the column `error`. */
async function* query(counting: Counting, flux: string): AsyncGenerator<Row, void, undefined> {
  const { context, source, id, orgID, failure } = counting;
  const response = await call(context, source, {
    method: 'POST',
    path: `/api/v2/query?orgID=${encodeURIComponent(orgID)}`,
    headers: { 'content-type': 'application/vnd.flux', accept: 'application/csv' },
    body: flux,
    failure,
  });
  for await (const row of records(bytesOf(context, source, response, failure))) {
    if (row.error !== undefined)
      throw new BackupError(failure, `${addressOf(source)}: bucket ${id} cannot be counted: ${row.error}`);
    yield row;
  }
}

interface Field {
  /** Measurement and field. */
  readonly key: string;
  points: number;
  series: number;
  readonly types: string[];
}

/** What a bucket holds by measurement and field; a field has several types only over several shards. */
const countFields = async (counting: Counting, flux: string): Promise<readonly Field[]> => {
  const fields = new Map<string, Field>();
  for await (const row of query(counting, flux)) {
    const key = JSON.stringify([row._measurement, row._field]);
    const field = fields.get(key) ?? { key, points: 0, series: 0, types: [] };
    fields.set(key, field);
    if (row.result === 'points') field.points += Number(row._value);
    if (row.result === 'types') {
      field.types.push(`${row.type}`);
      field.series += Number(row.series);
    }
  }
  return [...fields.values()];
};

const sumSeries = async (counting: Counting, flux: string): Promise<number> => {
  let series = 0;
  for await (const row of query(counting, flux)) if (row.result === 'series') series += Number(row.series);
  return series;
};

/** What 2.7 answers where tags have names such as `_value`, which it takes: its own queries fail on them. */
const isUnreadable = ({ failure }: Counting, error: unknown): boolean =>
  isBackupError(error, failure) && /panic|already has column|collision/.test(error.message);

/** `count`, or what is known where the server cannot count; then points of this range are not compared. */
const orUnreadable = async <Counted>(
  counting: Counting,
  count: () => Promise<Counted>,
  unreadable: Counted,
): Promise<Counted> => {
  try {
    return await count();
  } catch (error) {
    if (!isUnreadable(counting, error)) throw error;
    const { id, context } = counting;
    context.log.warn(
      { bucket: id, reason: messageOf(error) },
      'points that the server cannot count are not compared',
    );
    return unreadable;
  }
};

const countSeries = (counting: Counting, range: Range): Promise<number> =>
  orUnreadable(counting, () => sumSeries(counting, seriesFlux(counting, range)), 0);

/** Fields of one interval by type; undefined where the server cannot count them. */
const countInterval = (counting: Counting, interval: Interval): Promise<readonly Field[] | undefined> =>
  orUnreadable<readonly Field[] | undefined>(
    counting,
    () => countFields(counting, intervalFlux(counting, interval)),
    undefined,
  );

const byTypeOf = (fields: readonly Field[]): ByType => {
  const byType: Record<string, number> = {};
  for (const { points, types } of fields) {
    const type = types[0] ?? 'unknown';
    byType[type] = (byType[type] ?? 0) + points;
  }
  return byType;
};

/** What was counted of each interval. */
type Counted = readonly (readonly [Interval, readonly Field[] | undefined])[];

/** True where a field has one type here and another there: a query over all shards then shows series of one only. */
const changesType = (counted: Counted): boolean => {
  const types = new Map<string, string | undefined>();
  return counted.some(([, fields = []]) =>
    fields.some(({ key, types: [type] }) => {
      const before = types.get(key);
      types.set(key, type);
      return before !== undefined && before !== type;
    }),
  );
};

/** Columns of a row that name no series. */
const isOfSeries = ([column]: readonly [string, string]): boolean =>
  !['', 'result', 'table'].includes(column);

/** Series of all types: each interval shows those of its own. */
const countEachSeries = async (counting: Counting, counted: Counted): Promise<number> => {
  const series = new SeriesSet({ bytes: seriesRoomBytes });
  for (const [interval] of counted.filter(([{ isOpen }]) => !isOpen))
    for await (const row of query(counting, eachSeriesFlux(counting, interval)))
      series.add(Buffer.from(JSON.stringify(Object.entries(row).filter(isOfSeries).toSorted())), true);
  return series.size;
};

const wholeTime = (asOf: Date): Range => ({ start: earliest, end: lastOf(asOf) });

/** As fingerprints of earlier versions: all time at once, and fields with points by type. */
const countByFields = async (counting: Counting, asOf: Date): Promise<Measures> => {
  const byType: Record<string, number> = {};
  const fields = await countFields(counting, fieldsFlux(counting, wholeTime(asOf)));
  for (const type of fields.flatMap(({ types }) => types)) byType[type] = (byType[type] ?? 0) + 1;
  const sum = (measure: 'series' | 'points') => fields.reduce((total, field) => total + field[measure], 0);
  return { series: sum('series'), points: sum('points'), ...byType };
};

/** How a bucket is counted. */
export interface Manner {
  readonly asOf: Date;
  readonly failure: FailureCode;
  /** As earlier versions did, to compare with their archives. @default false */
  readonly byFields?: boolean;
  /** Series of `all` types, or those that a query over all shards shows, as archives that the server counted have them. */
  readonly series: 'all' | 'visible';
  /** What the files were counted to hold, for what the server cannot count. @default nothing */
  readonly expected?: Fingerprint;
}

/** How to count so that it compares with an archive that was counted `by` its shards, or by the server. */
export const mannerFor = (
  by: Header2['counted'],
  expected: Fingerprint,
): Pick<Manner, 'series' | 'expected'> =>
  by === 'stream' ? { series: 'all', expected } : { series: 'visible' };

/** Counts the bucket of an id in the shard groups of `metadata`. */
export const countBucket = async (
  context: RunContext,
  source: InfluxdbSource,
  { id, orgID }: Pick<Counting, 'id' | 'orgID'>,
  metadata: BucketMetadata,
  { asOf, failure, byFields = false, series: which, expected }: Manner,
): Promise<Fingerprint[string]> => {
  const counting = { context, source, id, orgID, failure };
  if (byFields) return countByFields(counting, asOf);
  const found: Counted[number][] = [];
  for (const interval of intervalsOf(groupsOf(metadata), asOf))
    found.push([interval, await countInterval(counting, interval)]);
  const isEach = which === 'all' && changesType(found);
  const series = isEach
    ? await countEachSeries(counting, found)
    : await countSeries(counting, wholeTime(asOf));
  const measures = measuresOf(
    series,
    found.map(([interval, fields = []]) => [interval, byTypeOf(fields)] as const),
  );
  const unreadable = found.filter(([, fields]) => fields === undefined).map(([interval]) => interval);
  return { ...measures, ...(unreadable.length > 0 && taken(expected?.[itemOf(metadata)], unreadable)) };
};

/** What is not compared: of intervals that the server cannot count, what the files were counted to hold. */
const taken = (expected: Fingerprint[string] = {}, unreadable: readonly Interval[]): Fingerprint[string] => {
  const starts = unreadable.map(({ start }) => `${timeText(start)} `);
  const isTaken = (measure: string): boolean =>
    measure === 'series' || measure === 'points' || starts.some((start) => measure.startsWith(start));
  return Object.fromEntries(Object.entries(expected).filter(([measure]) => isTaken(measure)));
};

/** Counts buckets under the ids that their metadata has, but the system's; items are `<organization>/<bucket>`. */
export const countAll = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  manner: Manner,
): Promise<Fingerprint> => {
  const found: Record<string, Fingerprint[string]> = {};
  for (const metadata of buckets.filter((bucket) => !isSystem(bucket))) {
    const where = { id: metadata.bucketID, orgID: metadata.organizationID };
    found[itemOf(metadata, manner.byFields)] = await countBucket(context, source, where, metadata, manner);
  }
  return found;
};

/** True of a bucket without a point at any time. */
export const isEmptyBucket = async (
  context: RunContext,
  source: InfluxdbSource,
  { id, orgID }: Pick<Counting, 'id' | 'orgID'>,
  failure: FailureCode,
): Promise<boolean> => {
  const counting = { context, source, id, orgID, failure };
  return (await sumSeries(counting, cardinalityFlux(counting, { start: earliest, end: latest }))) === 0;
};
