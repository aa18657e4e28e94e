import type { RunContext } from '../../../core/context.ts';
import { BackupError, type FailureCode } from '../../../core/errors.ts';
import { oneChunk } from '../../../core/one-chunk.ts';
import { collect } from '../../../core/process.ts';
import type { DumpEntry } from '../../engine.ts';
import { bytesOf, call, type InfluxdbSource } from '../http.ts';
import { skip } from '../skip.ts';
import { parseBuckets, type BucketMetadata } from './buckets.ts';
import { checkedStore, entryNames } from './entries.ts';
import { boundaryOf, parts } from './multipart.ts';

/** Key-value store, SQL store and list of buckets, consistent with each other: taken under one lock. */
export async function* metadata(
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
  onBuckets: (buckets: readonly BucketMetadata[]) => void,
): AsyncGenerator<DumpEntry, void, undefined> {
  const response = await call(context, source, { method: 'GET', path: '/api/v2/backup/metadata', failure });
  const wanted = Object.keys(entryNames);
  const boundary = boundaryOf(response.headers['content-type']);
  for await (const { name, content } of parts(bytesOf(context, source, response, failure), boundary)) {
    if (wanted.shift() !== name)
      throw new BackupError('dump.damaged', `the metadata has part ${name} out of order`);
    if (name === 'kv' || name === 'sql')
      yield { name: entryNames[name], content: checkedStore(content, name, 'dump.damaged') };
    else {
      const bytes = await collect(content);
      onBuckets(parseBuckets(bytes.toString('utf8'), 'dump.damaged'));
      yield { name: entryNames.buckets, content: oneChunk(bytes) };
    }
  }
  if (wanted.length > 0)
    throw new BackupError('dump.damaged', `the metadata lacks part ${wanted.join(', ')}`);
}

/** Buckets of the live server with their shard groups, which no other call of its API tells. */
export const liveBuckets = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly BucketMetadata[]> => {
  let found: readonly BucketMetadata[] = [];
  for await (const { content } of metadata(context, source, failure, (buckets) => (found = buckets)))
    await skip(content);
  return found;
};
