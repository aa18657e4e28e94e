import type { RunContext } from '../../../core/context.ts';
import { call, type InfluxdbSource } from '../http.ts';
import { isEmptyTar, placeOf, ServerClock, type Files, type Proof } from '../unchanged.ts';
import type { PartShard } from '../shard-parts.ts';
import { itemOf } from './count-files.ts';
import { stream } from './influxql.ts';
import { shardTar } from './rpc.ts';

const failure = 'dump.failed';

/** Retention policy that a shard is of. */
export const ownerOf = itemOf;

/** What 1.x says of its shards: backups since a time, its statistics, and the clock of its HTTP API. */
export const proofOf = (
  context: RunContext,
  source: InfluxdbSource,
): Proof & { readonly look: () => Promise<void> } => {
  const clock = new ServerClock();
  const look = async (): Promise<void> => {
    const response = await call(context, source, { method: 'GET', path: '/ping', failure });
    response.resume();
    clock.see(response.headers.date);
  };
  const hasNothingNew = ({ id }: PartShard, since: string): Promise<boolean> =>
    isEmptyTar(shardTar(context, source, id, since));
  const files = async (): Promise<ReadonlyMap<string, Files>> => {
    const found = new Map<string, Files>();
    for await (const { tags = {}, columns, values } of stream(
      context,
      source,
      `SHOW STATS FOR 'tsm1_filestore'`,
      failure,
    )) {
      const { database = '', retentionPolicy = '', id } = tags;
      const valueOf = (column: string) => Number(values?.[0]?.[columns.indexOf(column)] ?? -1);
      const place = placeOf({ owner: ownerOf(database, retentionPolicy), id: Number(id) });
      found.set(place, { tsmFiles: valueOf('numFiles'), tsmBytes: valueOf('diskBytes') });
    }
    return found;
  };
  return { clock, hasNothingNew, files, look };
};
