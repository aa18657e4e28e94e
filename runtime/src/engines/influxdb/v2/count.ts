import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, type FailureCode } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { listAll, type LiveBucket, type Organization } from './buckets.ts';

/** Flux types by the names that a fingerprint uses, which are those of 1.x. */
const types = {
  float: 'float',
  integer: 'int',
  unsigned: 'uint',
  string: 'string',
  boolean: 'bool',
} as const;

/** Earliest time that InfluxDB stores: the least 64-bit number of nanoseconds, plus 2. */
const earliest = '1677-09-21T00:12:43.145224194Z';

/** The counts are made in the server from block statistics where it can (pushdown of `count` and `first`). */
const countFlux = (bucketId: string, asOf: Date): string => `import "types"
data = from(bucketID: ${JSON.stringify(bucketId)})
  |> range(start: ${earliest}, stop: ${new Date(asOf.getTime() + 1).toISOString()})
counts = data |> count() |> keep(columns: ["_value"]) |> group()
counts |> count() |> yield(name: "series")
counts |> sum() |> yield(name: "points")
firsts = data |> first()
fields = (type) => firsts
  |> filter(fn: (r) => types.isType(v: r._value, type: type))
  |> group(columns: ["_measurement", "_field"]) |> count() |> group() |> count()
${Object.entries(types)
  .map(([name, type]) => `fields(type: "${type}") |> yield(name: "${name}")`)
  .join('\n')}`;

/** Rows of CSV: result, table, value. An error in mid-answer is a table with the header `error`. */
const readCounts = async (lines: AsyncIterable<string>, onError: (reason: string) => never) => {
  const counts = new Map<string, number>();
  let inError = false;
  for await (const line of lines) {
    if (inError && line !== '') onError(line);
    inError = /^,?error,reference/.test(line);
    const [, name, value] = /^,(\w+),\d+,(\d+)$/.exec(line) ?? [];
    if (name !== undefined) counts.set(name, Number(value));
  }
  const { series = 0, points = 0 } = Object.fromEntries(counts);
  const byType = Object.keys(types).filter((type) => counts.has(type));
  return { series, points, ...Object.fromEntries(byType.map((type) => [type, counts.get(type)!])) };
};

/**
 * Counts one bucket up to `asOf`: `series` (measurement, tags and field, as 2.x defines it), `points`, and fields with
 * data by type, e.g. `{series: 8, points: 900, float: 2}`.
 */
export const countBucket = async (
  context: RunContext,
  source: InfluxdbSource,
  bucket: Pick<LiveBucket, 'id' | 'orgID'>,
  asOf: Date,
  failure: FailureCode,
): Promise<Readonly<Record<string, number>>> => {
  const response = await call(context, source, {
    method: 'POST',
    path: `/api/v2/query?orgID=${bucket.orgID}`,
    headers: { 'content-type': 'application/vnd.flux', accept: 'application/csv' },
    body: countFlux(bucket.id, asOf),
    failure,
  });
  const input = Readable.from(bytesOf(context, source, response, failure));
  return readCounts(createInterface({ input, crlfDelay: Infinity }), (reason) => {
    throw new BackupError(failure, `${addressOf(source)}: bucket ${bucket.id} cannot be counted: ${reason}`);
  });
};

/** Counts all buckets of all organizations but the system's; items are `<organization>/<bucket>`. */
export const countNow = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  failure: FailureCode = 'source.unreachable',
): Promise<Fingerprint> => {
  const orgs = await listAll<Organization>(context, source, 'orgs', failure);
  const found: Record<string, Readonly<Record<string, number>>> = {};
  for (const bucket of await listAll<LiveBucket>(context, source, 'buckets', failure)) {
    if (bucket.type === 'system') continue;
    const org = orgs.find(({ id }) => id === bucket.orgID)?.name ?? bucket.orgID;
    found[`${org}/${bucket.name}`] = await countBucket(context, source, bucket, asOf, failure);
  }
  return found;
};
