import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { earliest, intervalsOf, lastOf, latest, timeText, type Interval } from '../intervals.ts';
import type { fieldTypes } from '../measures.ts';
import { measuresOf, type ByType, type Measures } from '../measures.ts';
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
  points: number;
  series: number;
  readonly types: string[];
}

/** What a bucket holds by measurement and field; a field has several types only over several shards. */
const countFields = async (counting: Counting, flux: string): Promise<readonly Field[]> => {
  const fields = new Map<string, Field>();
  for await (const row of query(counting, flux)) {
    const key = JSON.stringify([row._measurement, row._field]);
    const field = fields.get(key) ?? { points: 0, series: 0, types: [] };
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

const countInterval = (counting: Counting, interval: Interval): Promise<ByType> =>
  orUnreadable(
    counting,
    async () => {
      const byType: Record<string, number> = {};
      for (const { points, types } of await countFields(counting, intervalFlux(counting, interval))) {
        const type = types[0] ?? 'unknown';
        byType[type] = (byType[type] ?? 0) + points;
      }
      return byType;
    },
    {},
  );

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
}

/** Counts the bucket of an id in the shard groups of `metadata`. */
export const countBucket = async (
  context: RunContext,
  source: InfluxdbSource,
  { id, orgID }: Pick<Counting, 'id' | 'orgID'>,
  metadata: BucketMetadata,
  { asOf, failure, byFields = false }: Manner,
): Promise<Measures> => {
  const counting = { context, source, id, orgID, failure };
  if (byFields) return countByFields(counting, asOf);
  const found: (readonly [Interval, ByType])[] = [];
  for (const interval of intervalsOf(groupsOf(metadata), asOf))
    found.push([interval, await countInterval(counting, interval)]);
  return measuresOf(await countSeries(counting, wholeTime(asOf)), found);
};

/** Counts buckets under the ids that their metadata has, but the system's; items are `<organization>/<bucket>`. */
export const countAll = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  manner: Manner,
): Promise<Fingerprint> => {
  const found: Record<string, Measures> = {};
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
