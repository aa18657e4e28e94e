import { open, rename } from 'node:fs/promises';
import type { LogReader } from '../../engine-log.ts';
import { serverUser } from '../../scratch-server.ts';

type Write = (bytes: Buffer) => Promise<unknown>;

const { user } = serverUser;

/** Writes a file for the server: whole, and only then under its name. */
export const putFile = async (path: string, content: (write: Write) => Promise<void>): Promise<void> => {
  const handle = await open(`${path}.part`, 'w', 0o600);
  try {
    await content((bytes) => handle.write(bytes));
    if (user) await handle.chown(user.uid, user.gid);
  } finally {
    await handle.close();
  }
  await rename(`${path}.part`, path);
};

/** A log as the files that PostgreSQL reads, one after the other. */
export interface LogFiles {
  /** Number of the file that comes next; undefined before the first `seek`. */
  readonly next: () => bigint | undefined;
  readonly seek: (segment: bigint) => Promise<void>;
  /** Copies the next file; where the log ends in it, the rest is empty, as in the server's own. */
  readonly copyNext: (write: Write) => Promise<void>;
  readonly close: () => Promise<void>;
}

const zeros = Buffer.alloc(64 << 10);

export const openLogFiles = (log: LogReader, segmentBytes: number): LogFiles => {
  let next: bigint | undefined;
  let source: AsyncIterator<Buffer> | undefined;
  let rest: Buffer = Buffer.alloc(0);
  const close = async (): Promise<void> => void (await source?.return?.());
  const more = async (): Promise<Buffer> => {
    const result = await source?.next();
    return result === undefined || result.done === true ? zeros : result.value;
  };
  return {
    next: () => next,
    seek: async (segment) => {
      if (segment === next) return;
      await close();
      source = log.read(segment * BigInt(segmentBytes))[Symbol.asyncIterator]();
      [next, rest] = [segment, Buffer.alloc(0)];
    },
    copyNext: async (write) => {
      for (let left = segmentBytes; left > 0;) {
        if (rest.length === 0) rest = await more();
        const bytes = rest.subarray(0, left);
        await write(bytes);
        left -= bytes.length;
        rest = rest.subarray(bytes.length);
      }
      next = (next ?? 0n) + 1n;
    },
    close,
  };
};
