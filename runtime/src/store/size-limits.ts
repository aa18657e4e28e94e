import { BackupError } from '../core/errors.ts';
import { formatBytes } from '../core/units.ts';
import type { Store } from './store.ts';

const KiB = 1 << 10;
const MiB = 1 << 20;

/** Most bytes of an object that is read whole, by kind: what this program writes is far smaller, but for manifests. */
export const mostBytes = {
  /** The name of an object. */
  alias: KiB,
  lock: 64 * KiB,
  service: 64 * KiB,
  runRecord: MiB,
  auditEntry: MiB,
  recoveryKit: MiB,
  /** Enough for 100,000 archives. */
  reportPart: 64 * MiB,
  /** The index of a catalogue: enough for 200,000 archives. */
  index: 64 * MiB,
  /** 16 MiB of log that nothing makes smaller, its cipher and its frames; a receiver behind cuts no larger ones. */
  piece: 17 * MiB,
  /** A gap, a history or an index of a log: an hour at one piece a second has 3,600 entries. */
  walRecord: 4 * MiB,
  /** Enough for an archive of 3 TB (FORMAT.md). */
  manifest: 64 * MiB,
} as const;

export type SmallKind = keyof typeof mostBytes;

const words: Readonly<Record<SmallKind, string>> = {
  alias: 'an alias',
  lock: 'a lock',
  service: 'the record of a service',
  runRecord: 'the record of a run',
  auditEntry: 'an entry of the audit trail',
  recoveryKit: 'a file of the recovery kit',
  reportPart: 'a part of a report',
  index: 'the index of a catalogue',
  piece: 'a piece of a log',
  walRecord: 'a record of a log',
  manifest: 'a manifest',
};

/** @param bytes absent where the store does not tell */
export const tooLarge = (key: string, kind: SmallKind, bytes: number | undefined): BackupError =>
  new BackupError(
    'store.large',
    `${key} has ${bytes === undefined ? 'more bytes' : formatBytes(bytes)}, and ${words[kind]} has at most ${formatBytes(mostBytes[kind])}`,
  );

/**
 * Reads an object whole, and never more of it than its kind may have, whatever size the store claims.
 * @param most fewer bytes than its kind may have, such as the size that was listed
 * @throws BackupError `store.large`, naming key, size and limit; as `get`
 */
export const readSmall = async (
  store: Store,
  key: string,
  kind: SmallKind,
  most: number = mostBytes[kind],
): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of store.get(key)) {
    bytes += chunk.length;
    if (bytes > Math.min(most, mostBytes[kind]))
      throw tooLarge(key, kind, (await store.head(key).catch(() => undefined))?.bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
