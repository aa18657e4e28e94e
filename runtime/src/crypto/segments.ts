import { createHash, createHmac } from 'node:crypto';

/**
 * Ciphertext per MAC: what `open` holds in memory before it releases plaintext.
 * @default 4 MiB - 8 bytes of manifest per MiB of archive, and memory stays flat
 */
export const segmentBytes = 4 << 20;

/** Proof of an archive's bytes; FORMAT.md defines each field. */
export interface Seal {
  readonly bytes: number;
  /** SHA-256 of the whole file, hex. */
  readonly sha256: string;
  readonly segmentBytes: number;
  /** Digest of each segment, hex. */
  readonly segments: readonly string[];
}

interface Digest {
  update(data: Buffer | string): unknown;
  digest(encoding: 'hex'): string;
}

const header = (archiveId: string, index: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(index));
  return Buffer.concat([Buffer.from(`grill-backup segment\0${archiveId}\0`), bytes]);
};

/**
 * Digest of one segment, bound to archive, place and whether it is the last: HMAC-SHA256 under `macKey`, or plain
 * SHA-256 for an archive without encryption, which proves integrity only.
 */
export const startSegment = (macKey: Buffer | undefined, archiveId: string, index: number): Digest => {
  const digest: Digest = macKey ? createHmac('sha256', macKey) : createHash('sha256');
  digest.update(header(archiveId, index));
  return digest;
};

export const endSegment = (digest: Digest, last: boolean): string => {
  digest.update(Buffer.from([last ? 1 : 0]));
  return digest.digest('hex');
};

/** Takes the digests of an archive as its bytes pass. */
export interface Sealer {
  readonly update: (chunk: Buffer) => void;
  readonly end: () => Seal;
}

/** Whether a segment is the last is known only when more bytes come, so a full one stays open until then. */
export const openSealer = (archiveId: string, macKey: Buffer | undefined): Sealer => {
  const whole = createHash('sha256');
  const segments: string[] = [];
  let current = startSegment(macKey, archiveId, 0);
  let [bytes, filled] = [0, 0];
  const add = (piece: Buffer): void => {
    current.update(piece);
    filled += piece.length;
  };
  const next = (): void => {
    segments.push(endSegment(current, false));
    current = startSegment(macKey, archiveId, segments.length);
    filled = 0;
  };
  return {
    update: (chunk) => {
      whole.update(chunk);
      bytes += chunk.length;
      for (let at = 0; at < chunk.length;) {
        if (filled === segmentBytes) next();
        const piece = chunk.subarray(at, at + segmentBytes - filled);
        add(piece);
        at += piece.length;
      }
    },
    end: () => {
      segments.push(endSegment(current, true));
      return { bytes, sha256: whole.digest('hex'), segmentBytes, segments };
    },
  };
};

/** Cuts a stream into whole segments, each held until it is complete: what `open` checks before it releases. */
export async function* cutSegments(
  source: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<{ readonly chunks: readonly Buffer[]; readonly last: boolean }> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (let chunk of source) {
    while (chunk.length > 0) {
      if (bytes === size) {
        yield { chunks, last: false };
        [chunks, bytes] = [[], 0];
      }
      const piece = chunk.subarray(0, size - bytes);
      chunks.push(piece);
      bytes += piece.length;
      chunk = chunk.subarray(piece.length);
    }
  }
  yield { chunks, last: true };
}
