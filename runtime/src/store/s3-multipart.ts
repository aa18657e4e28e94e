import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import type { Part } from './s3-parts.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { inFlight } from './in-flight.ts';
import { nameOf } from './s3-client.ts';
import { at } from './s3-request.ts';
import { alreadySent, findBrokenOff, type BrokenOff, type Multipart } from './s3-resume.ts';
import { commit, condition, metadata, send, type Upload } from './s3-sending.ts';

const create = async (upload: Upload): Promise<BrokenOff> => {
  const { bucket, key } = upload;
  const algorithm = bucket.checksums === 'when-supported' ? ({ ChecksumAlgorithm: 'CRC32' } as const) : {};
  const command = () =>
    new CreateMultipartUploadCommand({ ...at(bucket, key), ...metadata(upload), ...algorithm });
  const { UploadId } = await send(upload, (options) => bucket.client.send(command(), options));
  if (!UploadId)
    throw new BackupError('store.failed', `${nameOf(bucket, key)}: the server returned no upload ID`);
  return { target: { ...at(bucket, key), UploadId }, stored: new Map() };
};

const transfer = async (upload: Upload, target: Multipart, part: Part): Promise<CompletedPart> => {
  await upload.pace?.(part.data.length);
  const command = () => new UploadPartCommand({ ...target, PartNumber: part.number, Body: part.data });
  const { ETag, ChecksumCRC32 } = await send(upload, (options) =>
    upload.bucket.client.send(command(), options),
  );
  if (!ETag)
    throw new BackupError(
      'store.failed',
      `${nameOf(upload.bucket, upload.key)}: the server returned no ETag for part ${part.number}`,
    );
  return { PartNumber: part.number, ETag, ChecksumCRC32 };
};

/** Sends a part that the server lacks; its buffer is spare afterwards. */
const sendPart = async (
  upload: Upload,
  { target, stored }: BrokenOff,
  part: Part,
): Promise<CompletedPart> => {
  const completed = alreadySent(part, stored.get(part.number)) ?? (await transfer(upload, target, part));
  upload.spare.push(part.data);
  return completed;
};

interface Sent {
  readonly completed: readonly CompletedPart[];
  readonly bytes: number;
}

/** As many parts at a time as memory is for, while the next one fills. When this settles, none is on its way any more. */
const sendParts = async (upload: Upload, begun: BrokenOff, parts: AsyncIterable<Part>): Promise<Sent> => {
  const { concurrency, limits } = upload.bucket;
  let bytes = 0;
  const send = (part: Part): Promise<CompletedPart> => {
    bytes = part.end;
    return sendPart(upload, begun, part);
  };
  const budget = { most: concurrency * limits.partBytes, weightOf: ({ data }: Part) => data.length };
  return { completed: await inFlight(parts, budget, send), bytes };
};

/** What a later upload of the same content can continue: nothing was wrong but that it was stopped or cut off. */
const mayContinue = ({ resumes }: Upload, error: unknown): boolean =>
  resumes && (isBackupError(error, 'run.interrupted') || isBackupError(error, 'store.unreachable'));

/**
 * Uploads in parts, those that an earlier upload has sent left out where the content is known. Where it fails or is
 * stopped, the parts are removed, unless a later upload can continue. Resolves to the bytes of the object.
 */
export const putParts = async (upload: Upload, parts: AsyncIterable<Part>): Promise<number> => {
  const { bucket } = upload;
  const begun = (upload.resumes && (await findBrokenOff(upload))) || (await create(upload));
  const { target } = begun;
  try {
    const { completed, bytes } = await sendParts(upload, begun, parts);
    const command = () =>
      new CompleteMultipartUploadCommand({
        ...target,
        MultipartUpload: { Parts: [...completed] },
        ...condition(upload),
      });
    await commit(upload, bytes, (options) => bucket.client.send(command(), options));
    return bytes;
  } catch (error) {
    // What cannot be removed now is a leftover; the first error is the one to report.
    if (!mayContinue(upload, error))
      await bucket.client.send(new AbortMultipartUploadCommand(target)).catch(() => {});
    throw error;
  }
};
