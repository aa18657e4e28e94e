import type { RunContext } from '../../../core/context.ts';
import { call, callText, type InfluxdbSource } from '../http.ts';
import type { PartShard } from '../shard-parts.ts';
import { isEmptyTar, ServerClock, type Files, type Proof } from '../unchanged.ts';
import { failure } from './dump.ts';

const metricsOf = (text: string, metric: string): readonly (readonly [place: string, value: number])[] =>
  [...text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, 'gm'))].map(([, labels = '', value = '']) => {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    return [`${label('bucket')} ${label('id')}`, Number(value)] as const;
  });

/** What 2.x says of its shards: backups since a time, and `/metrics`. */
export const proofOf = (context: RunContext, source: InfluxdbSource): Proof => {
  const clock = new ServerClock();
  const hasNothingNew = async ({ id }: PartShard, since: string): Promise<boolean> => {
    const path = `/api/v2/backup/shards/${id}?since=${since}`;
    const response = await call(context, source, { method: 'GET', path, failure }, { missing: true });
    clock.see(response.headers.date);
    try {
      return response.statusCode === 200 && (await isEmptyTar(response)) && response.complete;
    } finally {
      response.destroy();
    }
  };
  const files = async (): Promise<ReadonlyMap<string, Files>> => {
    const text = await callText(context, source, { method: 'GET', path: '/metrics', failure });
    const bytes = new Map(metricsOf(text, 'storage_tsm_files_disk_bytes'));
    const counts = metricsOf(text, 'storage_tsm_files_total');
    return new Map(
      counts.map(([place, tsmFiles]) => [place, { tsmFiles, tsmBytes: bytes.get(place) ?? -1 }]),
    );
  };
  return { clock, hasNothingNew, files };
};
