import { createHash } from 'node:crypto';
import {
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type CompletedPart,
  type MultipartUpload,
  type Part as StoredPart,
} from '@aws-sdk/client-s3';
import type { Part } from './s3-parts.ts';
import { pages, uploadPages } from './s3-pages.ts';
import { at } from './s3-request.ts';
import { send, type Upload } from './s3-sending.ts';

/** An upload in parts that has begun. */
export interface Multipart {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** An upload that broke off, and what the server has of it, by number. */
export interface BrokenOff {
  readonly target: Multipart;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

const begunAt = ({ Initiated }: MultipartUpload): number => Initiated?.getTime() ?? 0;

/** The last one that was begun under the key; older ones are leftovers. */
const newestUpload = async (upload: Upload): Promise<string | undefined> => {
  const { Bucket, Key } = at(upload.bucket, upload.key);
  let newest: MultipartUpload | undefined;
  const page = (marker: object) =>
    send(upload, (options) =>
      upload.bucket.client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key, ...marker }), options),
    );
  for await (const { Uploads } of uploadPages(upload.bucket, page))
    for (const found of Uploads ?? [])
      if (found.Key === Key && (!newest || begunAt(found) > begunAt(newest))) newest = found;
  return newest?.UploadId;
};

const partsOf = async (upload: Upload, target: Multipart): Promise<BrokenOff['stored']> => {
  const stored = new Map<number, StoredPart>();
  const page = (PartNumberMarker: string | undefined) =>
    send(upload, (options) =>
      upload.bucket.client.send(new ListPartsCommand({ ...target, PartNumberMarker }), options),
    );
  for await (const { Parts } of pages(
    upload.bucket,
    page,
    ({ NextPartNumberMarker }) => NextPartNumberMarker,
  ))
    for (const part of Parts ?? []) if (part.PartNumber !== undefined) stored.set(part.PartNumber, part);
  return stored;
};

/** What an earlier upload to the same key left; undefined where there is nothing. */
export const findBrokenOff = async (upload: Upload): Promise<BrokenOff | undefined> => {
  const UploadId = await newestUpload(upload);
  if (UploadId === undefined) return undefined;
  const target = { ...at(upload.bucket, upload.key), UploadId };
  return { target, stored: await partsOf(upload, target) };
};

const md5 = (data: Buffer): string => createHash('md5').update(data).digest('hex');

/**
 * The part as the server has it already, if it proves to be the same: its ETag is the MD5 of its content (S3 "Object",
 * but for SSE-KMS, where no part is the same).
 */
export const alreadySent = ({ data }: Part, stored: StoredPart | undefined): CompletedPart | undefined => {
  if (stored?.Size !== data.length || stored.ETag?.replaceAll('"', '') !== md5(data)) return undefined;
  const { PartNumber, ETag, ChecksumCRC32 } = stored;
  return { PartNumber, ETag, ChecksumCRC32 };
};
