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
import { inFlight } from './in-flight.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { at, headObject, onKey, sizeOf } from './s3-request.ts';
import type { ObjectVersion } from './store.ts';

/** Keys and prefixes hold only characters that need no escaping here. */
const sourceOf = (bucket: Bucket, key: string, versionId?: string): string =>
  `${bucket.name}/${bucket.prefix}${key}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`;

const again = <T>(bucket: Bucket, key: string, request: () => Promise<T>): Promise<T> =>
  withRetries(() => onKey(bucket, key, request), retryPolicy);

interface Piece {
  /** From 1. */
  readonly number: number;
  readonly first: number;
  readonly last: number;
}

/** S3's limit ("Multipart upload limits"). */
const mostPieces = 10_000;

const piecesOf = (bytes: number, leastBytes: number): readonly Piece[] => {
  const pieceBytes = Math.max(leastBytes, Math.ceil(bytes / mostPieces));
  return Array.from({ length: Math.ceil(bytes / pieceBytes) }, (_, index) => {
    const first = index * pieceBytes;
    return { number: index + 1, first, last: Math.min(first + pieceBytes, bytes) - 1 };
  });
};

/** Copies pieces side by side: the server reads and writes, and no byte passes through here. */
const copyPieces = async (bucket: Bucket, CopySource: string, to: string, bytes: number): Promise<void> => {
  const { client, limits, concurrency } = bucket;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(at(bucket, to)));
  const target = { ...at(bucket, to), UploadId };
  const copyPiece = async ({ number: PartNumber, first, last }: Piece): Promise<CompletedPart> => {
    const range = { CopySource, CopySourceRange: `bytes=${first}-${last}` };
    const command = () => new UploadPartCopyCommand({ ...target, ...range, PartNumber });
    const { CopyPartResult } = await again(bucket, to, () => client.send(command()));
    return { PartNumber, ETag: CopyPartResult?.ETag };
  };
  try {
    const budget = { most: concurrency, weightOf: () => 1 };
    const pieces = await inFlight(piecesOf(bytes, limits.copyPartBytes), budget, copyPiece);
    const MultipartUpload = { Parts: [...pieces] };
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(target)).catch(() => {}); // then it is a leftover
    throw error;
  }
};

const copyWhole = async (bucket: Bucket, CopySource: string, to: string): Promise<void> => {
  await bucket.client.send(new CopyObjectCommand({ ...at(bucket, to), CopySource }));
};

/** Copies so many bytes, and proves that they are there. */
const copyBytes = async (bucket: Bucket, source: string, to: string, bytes: number): Promise<void> => {
  const copy = bytes > bucket.limits.copyPartBytes ? copyPieces : copyWhole;
  await again(bucket, to, () => copy(bucket, source, to, bytes));
  const copied = await again(bucket, to, () => headObject(bucket, to));
  if (copied?.ContentLength !== bytes)
    throw new BackupError(
      'store.failed',
      `${nameOf(bucket, to)} has ${copied?.ContentLength ?? 'no'} of ${bytes} bytes after the copy`,
    );
};

/** Makes an old version the current one. */
export const copyVersion = (bucket: Bucket, { key, id, bytes }: ObjectVersion): Promise<void> =>
  copyBytes(bucket, sourceOf(bucket, key, id), key, bytes);

/** Copies within the bucket; no byte passes through here. Only the copying itself may be repeated: it finds no stranger. */
export const copyObject = async (bucket: Bucket, from: string, to: string): Promise<void> => {
  const source = await again(bucket, from, () => headObject(bucket, from));
  if (!source) throw new BackupError('store.missing', `${nameOf(bucket, from)} does not exist`);
  if (await again(bucket, to, () => headObject(bucket, to)))
    throw new BackupError('store.exists', `${nameOf(bucket, to)} already exists`);
  await copyBytes(bucket, sourceOf(bucket, from), to, sizeOf(bucket, from, source.ContentLength));
};
