import type { RunContext } from '../../../core/context.ts';
import { callText, type InfluxdbSource } from '../http.ts';

/** The server answers 200 whatever it makes of the content: only counting proves that it took it. */
export const sendShard = async (
  context: RunContext,
  source: InfluxdbSource,
  id: number,
  content: AsyncIterable<Buffer>,
): Promise<void> => {
  await callText(context, source, {
    method: 'POST',
    path: `/api/v2/restore/shards/${id}`,
    headers: { 'content-type': 'application/octet-stream' },
    body: content,
    failure: 'restore.failed',
  });
};
