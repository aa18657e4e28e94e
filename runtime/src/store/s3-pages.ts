import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { nameOf, type Bucket } from './s3-client.ts';

/** Pages of 1,000 entries that one listing may have: more than any store of ours, and the end of one that has no end. */
const mostPages = 5000;

const wrong = (bucket: Bucket, what: string): BackupError =>
  new BackupError('store.failed', `${nameOf(bucket, '')}: ${what}`);

/**
 * Pages of a listing until the server says that there is no more.
 * @param read the page that follows a mark; undefined for the first
 * @param markOf where the next page begins; undefined on the last one
 * @throws BackupError `store.failed` where the server names the same mark again, or none, or goes on for ever
 */
export async function* pages<Page extends { readonly IsTruncated?: boolean | undefined }>(
  bucket: Bucket,
  read: (mark: string | undefined) => Promise<Page>,
  markOf: (page: Page) => string | undefined,
): AsyncGenerator<Page> {
  const marks = new Set<string>();
  let mark: string | undefined;
  do {
    const page = await read(mark);
    yield page;
    if (!page.IsTruncated) return;
    mark = markOf(page);
    if (mark === undefined)
      throw wrong(bucket, 'a listing is incomplete, and the server sent no continuation token');
    if (marks.has(mark)) throw wrong(bucket, 'the server lists the same page again and again');
    marks.add(mark);
  } while (marks.size < mostPages);
  throw wrong(bucket, `a listing has more than ${mostPages} pages`);
}

/** Where the next page of uploads begins: two marks that belong together. */
const uploadMark = ({ NextKeyMarker, NextUploadIdMarker }: ListMultipartUploadsCommandOutput) =>
  NextKeyMarker === undefined ? undefined : JSON.stringify([NextKeyMarker, NextUploadIdMarker]);

export const uploadPages = (
  bucket: Bucket,
  read: (marker: object) => Promise<ListMultipartUploadsCommandOutput>,
): AsyncGenerator<ListMultipartUploadsCommandOutput> =>
  pages(
    bucket,
    (mark) => {
      const [KeyMarker, UploadIdMarker] = mark === undefined ? [] : (JSON.parse(mark) as string[]);
      return read(mark === undefined ? {} : { KeyMarker, UploadIdMarker });
    },
    uploadMark,
  );
