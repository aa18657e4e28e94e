import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { retryPolicy, withRetries } from './retry.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { at, headObject, onKey, sizeOf } from './s3-request.ts';

/** Keys and prefixes hold only characters that need no escaping here. */
const sourceOf = (bucket: Bucket, key: string): string => `${bucket.name}/${bucket.prefix}${key}`;

/** First and last byte of each piece. */
const ranges = (bytes: number, pieceBytes: number): readonly (readonly [number, number])[] =>
  Array.from({ length: Math.ceil(bytes / pieceBytes) }, (_, index) => [
    index * pieceBytes,
    Math.min((index + 1) * pieceBytes, bytes) - 1,
  ]);

const copyPieces = async (bucket: Bucket, from: string, to: string, bytes: number): Promise<void> => {
  const { client, limits } = bucket;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(at(bucket, to)));
  const target = { ...at(bucket, to), UploadId };
  try {
    const pieces: CompletedPart[] = [];
    for (const [first, last] of ranges(bytes, limits.copyPartBytes)) {
      const range = { CopySource: sourceOf(bucket, from), CopySourceRange: `bytes=${first}-${last}` };
      const PartNumber = pieces.length + 1;
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({ ...target, ...range, PartNumber }),
      );
      pieces.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: pieces } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(target)).catch(() => {}); // then it is a leftover
    throw error;
  }
};

const copyWhole = async (bucket: Bucket, from: string, to: string): Promise<void> => {
  await bucket.client.send(new CopyObjectCommand({ ...at(bucket, to), CopySource: sourceOf(bucket, from) }));
};

/** Copies within the bucket; no byte passes through here. Only the copying itself may be repeated: it finds no stranger. */
export const copyObject = async (bucket: Bucket, from: string, to: string): Promise<void> => {
  const again = <T>(key: string, request: () => Promise<T>) =>
    withRetries(() => onKey(bucket, key, request), retryPolicy);
  const source = await again(from, () => headObject(bucket, from));
  if (!source) throw new BackupError('store.missing', `${nameOf(bucket, from)} is not there`);
  if (await again(to, () => headObject(bucket, to)))
    throw new BackupError('store.exists', `${nameOf(bucket, to)} is there already`);
  const bytes = sizeOf(bucket, from, source.ContentLength);
  const copy = bytes > bucket.limits.copyPartBytes ? copyPieces : copyWhole;
  await again(to, () => copy(bucket, from, to, bytes));
  const copied = await again(to, () => headObject(bucket, to));
  if (copied?.ContentLength !== bytes)
    throw new BackupError(
      'store.failed',
      `${nameOf(bucket, to)} has ${copied?.ContentLength ?? 'no'} of ${bytes} bytes after the copy`,
    );
};
