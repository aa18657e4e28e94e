import { extract, type Extract } from 'tar-stream';
import { BackupError, messageOf, type FailureCode } from '../../core/errors.ts';
import type { ShardCount } from './tsm/shard-count.ts';

/** A tar file is whole blocks of 512 bytes, closed by two of zeros (POSIX ustar). */
const blockBytes = 512;
const closingBytes = 2 * blockBytes;

/** First bytes of every TSM file (tsdb/engine/tsm1/writer.go: MagicNumber). */
const tsmMagic = 0x16d116d1;

/** What is known of a shard after its tar was read. */
export interface ShardContent {
  /** TSM files, which hold the data. */
  readonly tsmFiles: number;
  readonly tsmBytes: number;
  /** Deletes that the server has not yet applied to its TSM files. */
  readonly tombstones: number;
}

interface Member extends AsyncIterable<Buffer> {
  readonly header: { readonly name: string; readonly size?: number };
}

const checkTsm = async (member: Member): Promise<void> => {
  let start = Buffer.alloc(0);
  for await (const chunk of member)
    if (start.length < 4) start = Buffer.concat([start, chunk.subarray(0, 4)]);
  if (start.length < 4 || start.readUInt32BE(0) !== tsmMagic)
    throw new Error(`${member.header.name} is not a TSM file`);
};

const readMembers = async (tar: Extract, count?: ShardCount): Promise<ShardContent> => {
  const found = { tsmFiles: 0, tsmBytes: 0, tombstones: 0 };
  for await (const member of tar as AsyncIterable<Member & { resume: () => void }>) {
    const { name, size = 0 } = member.header;
    const isTsm = name.endsWith('.tsm');
    const isTombstone = name.endsWith('.tombstone');
    if (isTsm) found.tsmFiles++;
    if (isTsm) found.tsmBytes += size;
    if (isTombstone) found.tombstones++;
    if (count && (isTsm || isTombstone)) await count.read(name, size, member);
    else if (isTsm) await checkTsm(member);
    else member.resume();
  }
  await count?.end();
  return found;
};

/** Follows the end of a stream: a server's error in mid-answer is text behind the tar, with status 200. */
const followEnd = () => {
  let bytes = 0;
  let tail = Buffer.alloc(0);
  return {
    add: (chunk: Buffer): void => {
      bytes += chunk.length;
      tail = Buffer.concat([tail, chunk.subarray(-closingBytes)]).subarray(-closingBytes);
    },
    isClosed: (): boolean =>
      bytes >= closingBytes && bytes % blockBytes === 0 && tail.every((byte) => byte === 0),
  };
};

/**
 * Waits until the reader takes more, or is closed. Not by a race with the end of its members: a promise that is pending for all of a
 * shard would keep each of its rivals, 350 bytes for 64 KiB of the shard.
 */
const drained = (tar: Extract): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      tar.removeListener('drain', done).removeListener('close', done);
      resolve();
    };
    tar.on('drain', done).on('close', done);
  });

/** How a shard is looked at while it passes. */
export interface Look {
  /** Learns what the shard holds. @default nobody */
  readonly report?: (content: ShardContent) => void;
  /** Counts its points. @default none: of each TSM file only the beginning is looked at */
  readonly count?: ShardCount | undefined;
}

/**
 * Passes the tar of a shard through and fails, at its end at the latest, unless it is complete and each TSM file begins
 * as one, or is whole where it is counted.
 */
export async function* checkedShard(
  content: AsyncIterable<Buffer>,
  name: string,
  failure: FailureCode,
  { report, count }: Look = {},
): AsyncGenerator<Buffer, void, undefined> {
  const tar = extract();
  const end = followEnd();
  const asDamage = (error: unknown): BackupError =>
    new BackupError(failure, `shard ${name}: ${messageOf(error)}`, { cause: error });
  const members = readMembers(tar, count).catch((error: unknown) => {
    throw asDamage(error);
  });
  members.catch(() => {}); // awaited below
  try {
    for await (const chunk of content) {
      end.add(chunk);
      if (!tar.write(chunk) && !tar.destroying) await drained(tar);
      if (tar.destroying) await members; // throws
      yield chunk;
    }
    if (!end.isClosed()) throw asDamage(new Error('the end of the tar file is missing'));
    tar.end(undefined);
    const found = await members;
    report?.(found);
  } finally {
    tar.destroy(new Error('the tar file was not read to its end'));
    await members.catch(() => {}); // nothing reads what is closed
    await count?.close();
  }
}
