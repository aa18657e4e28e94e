import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import type { Part } from './s3-parts.ts';
import { at } from './s3-request.ts';
import { commit, condition, metadata, send, type Upload } from './s3-sending.ts';

/** Parts on their way while the next one fills: memory holds three parts. */
const partsInFlight = 2;

interface Multipart {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

const create = async (upload: Upload): Promise<Multipart> => {
  const { bucket, key } = upload;
  const algorithm = bucket.checksums === 'when-supported' ? ({ ChecksumAlgorithm: 'CRC32' } as const) : {};
  const command = () =>
    new CreateMultipartUploadCommand({ ...at(bucket, key), ...metadata(upload), ...algorithm });
  const { UploadId } = await send(upload, (options) => bucket.client.send(command(), options));
  return { ...at(bucket, key), UploadId: UploadId! };
};

/** Sends a part; its buffer is spare afterwards. */
const sendPart = async (upload: Upload, target: Multipart, part: Part): Promise<CompletedPart> => {
  const command = () => new UploadPartCommand({ ...target, PartNumber: part.number, Body: part.data });
  const { ETag, ChecksumCRC32 } = await send(upload, (options) =>
    upload.bucket.client.send(command(), options),
  );
  upload.spare.push(part.data);
  return { PartNumber: part.number, ETag, ChecksumCRC32 };
};

interface Sent {
  readonly completed: readonly CompletedPart[];
  readonly bytes: number;
}

/** When this settles, no part is on its way any more. */
const sendParts = async (upload: Upload, target: Multipart, parts: AsyncIterable<Part>): Promise<Sent> => {
  const completed: CompletedPart[] = [];
  const sending: Promise<CompletedPart>[] = [];
  let bytes = 0;
  try {
    for await (const part of parts) {
      if (sending.length === partsInFlight) completed.push(await sending.shift()!);
      const sent = sendPart(upload, target, part);
      sent.catch(() => {}); // seen when its turn comes
      sending.push(sent);
      bytes = part.end;
    }
    completed.push(...(await Promise.all(sending)));
  } finally {
    await Promise.allSettled(sending);
  }
  return { completed, bytes };
};

/** Uploads in parts; where that fails or is stopped, the parts are removed. Resolves to the bytes sent. */
export const putParts = async (upload: Upload, parts: AsyncIterable<Part>): Promise<number> => {
  const { bucket } = upload;
  const target = await create(upload);
  try {
    const { completed, bytes } = await sendParts(upload, target, parts);
    const command = () =>
      new CompleteMultipartUploadCommand({
        ...target,
        MultipartUpload: { Parts: [...completed] },
        ...condition(upload),
      });
    await commit(upload, (options) => bucket.client.send(command(), options));
    return bytes;
  } catch (error) {
    // What cannot be removed now is a leftover; the first error is the one to report.
    await bucket.client.send(new AbortMultipartUploadCommand(target)).catch(() => {});
    throw error;
  }
};
