import { ListObjectsV2Command, type _Object as Content } from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { isObjectKey } from './keys.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { pages } from './s3-pages.ts';
import { at, onKey, sizeOf } from './s3-request.ts';
import type { ListOptions, StoredObject } from './store.ts';

/** Objects of a page that are ours: not aliases, nor what others keep in the bucket, nor what was not asked for. */
const ours = (bucket: Bucket, prefix: string, contents: readonly Content[]): StoredObject[] =>
  contents.flatMap(({ Key = '', Size, LastModified, ETag = '' }) => {
    const key = Key.slice(bucket.prefix.length);
    if (!Key.startsWith(`${bucket.prefix}${prefix}`) || !isObjectKey(key)) return [];
    return [{ key, bytes: sizeOf(bucket, key, Size), modified: LastModified ?? new Date(0), tag: ETag }];
  });

/** Objects in key order, page by page; some gateways sort folders in another way, which within a page is put right. */
export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  { after = '' }: ListOptions = {},
): AsyncGenerator<readonly StoredObject[]> {
  const { Bucket, Key: Prefix } = at(bucket, prefix);
  const StartAfter = after === '' ? undefined : at(bucket, after).Key;
  const read = (ContinuationToken: string | undefined) =>
    onKey(bucket, prefix, () =>
      bucket.client.send(new ListObjectsV2Command({ Bucket, Prefix, StartAfter, ContinuationToken })),
    );
  let last = '';
  for await (const page of pages(bucket, read, ({ NextContinuationToken }) => NextContinuationToken)) {
    const objects = ours(bucket, prefix, page.Contents ?? []).sort((a, b) => (a.key < b.key ? -1 : 1));
    const [first, end] = [objects[0], objects.at(-1)];
    if (!first || !end) continue;
    if (first.key < last)
      throw new BackupError('store.failed', `${nameOf(bucket, prefix)}: the server lists keys out of order`);
    yield objects.filter(({ key }, index) => key !== (objects[index - 1]?.key ?? last) && key > after);
    last = end.key;
  }
}
