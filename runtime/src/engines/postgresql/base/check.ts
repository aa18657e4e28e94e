import { createHash, type Hash } from 'node:crypto';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import { openBackupManifest, type WalRange } from './backup-manifest.ts';
import { openTar, type TarPart } from './tar.ts';

/** The entry with PostgreSQL's own list of all files. */
export const manifestName = 'backup_manifest';

/** Name of the entry with the data folder itself; tablespaces are `<oid>.tar`. */
export const mainArchive = 'base.tar';

const tablespacePattern = /^(\d+)\.tar$/;

/** Where the files of an entry belong, below the data folder; undefined for what is no part of a base. */
export const folderOf = (entry: string): string | undefined => {
  if (entry === mainArchive) return '';
  const oid = tablespacePattern.exec(entry)?.[1];
  return oid === undefined ? undefined : `pg_tblspc/${oid}/`;
};

/** Small files that say how a recovery begins. */
const keptFiles = ['backup_label', 'tablespace_map'] as const;
const mostKeptBytes = 1 << 20;

/** What a base says of itself, after every byte was compared with its list. */
export interface Checked {
  readonly ranges: readonly WalRange[];
  readonly backupLabel: string;
  /** Absent without tablespaces. */
  readonly tablespaceMap: string | undefined;
  readonly files: number;
}

/** Takes parts of one tar file, and what of it is kept. */
const openFiles = (
  folder: string,
  toManifest: (path: string, bytes: number, sha256: string) => void,
  kept: Map<string, string>,
) => {
  let hash: Hash | undefined;
  let text: Buffer[] | undefined;
  let files = 0;
  const begin = ({ name, type, bytes }: Extract<TarPart, { file: unknown }>['file']): void => {
    hash = type === 'file' ? createHash('sha256') : undefined;
    const isKept = folder === '' && bytes <= mostKeptBytes && keptFiles.some((file) => file === name);
    text = isKept ? [] : undefined;
  };
  return {
    take: (part: TarPart): void => {
      if ('file' in part) return begin(part.file);
      if ('bytes' in part) {
        hash?.update(part.bytes);
        text?.push(Buffer.from(part.bytes));
        return;
      }
      const { name, bytes } = part.end;
      if (text) kept.set(name, Buffer.concat(text).toString('utf8'));
      if (!hash) return;
      files += 1;
      toManifest(`${folder}${name}`, bytes, hash.digest('hex'));
    },
    count: () => files,
  };
};

/**
 * Does what pg_verifybackup does, while a base passes by, with no byte on disk: every file of the list was sent, has its size and
 * its SHA-256, no other file was sent, and the list has its own checksum. @param failure code for a base that is not whole
 */
export const openCheck = (failure: FailureCode) => {
  const manifest = openBackupManifest();
  const kept = new Map<string, string>();
  let files = 0;
  let ranges: readonly WalRange[] | undefined;
  const guarded = <Result>(what: string, work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw new BackupError(failure, `${what} of the base is damaged: ${messageOf(error)}`, { cause: error });
    }
  };
  return {
    /** Looks at the bytes of an entry as they pass. */
    pass: async function* (name: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      if (name === manifestName) {
        for await (const chunk of content) {
          guarded(name, () => manifest.feed(chunk));
          yield chunk;
        }
        ranges = guarded(name, manifest.finish);
        return;
      }
      const folder = folderOf(name);
      if (folder === undefined)
        throw new BackupError(failure, `the base holds ${name}, which does not belong to one`);
      const tar = openTar();
      const each = openFiles(folder, manifest.file, kept);
      for await (const chunk of content) {
        guarded(name, () => {
          for (const part of tar.parts(chunk)) each.take(part);
        });
        yield chunk;
      }
      guarded(name, tar.finish);
      files += each.count();
    },
    /** After the last entry. */
    result: (): Checked => {
      const backupLabel = kept.get('backup_label');
      if (!ranges || backupLabel === undefined)
        throw new BackupError(failure, 'the base ends early: it lacks its list of files or its backup_label');
      return { ranges, backupLabel, tablespaceMap: kept.get('tablespace_map'), files };
    },
  };
};
