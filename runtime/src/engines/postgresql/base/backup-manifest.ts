import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Where the log of the backup lies, as PostgreSQL writes positions. */
export interface WalRange {
  readonly timeline: number;
  readonly start: string;
  readonly end: string;
}

const fileSchema = z.object({
  Path: z.string().optional(),
  /** Hex of a path that is not UTF-8. */
  'Encoded-Path': z.string().optional(),
  Size: z.int().min(0),
  'Checksum-Algorithm': z.string(),
  Checksum: z.string(),
});

const rangeSchema = z.object({ Timeline: z.int(), 'Start-LSN': z.string(), 'End-LSN': z.string() });

/** Longest line: a path has at most 1024 bytes, each six characters in JSON. */
const mostLineBytes = 16 << 10;

/** Of a file that passed by, or that the manifest names. */
const entryOf = (bytes: number, sha256: string): string => `${bytes} ${sha256}`;

const pathOf = ({ Path, 'Encoded-Path': encoded }: z.output<typeof fileSchema>): string =>
  encoded === undefined
    ? Buffer.from(Path ?? '').toString('latin1')
    : Buffer.from(encoded, 'hex').toString('latin1');

/**
 * Compares files with PostgreSQL's own `backup_manifest`, which comes after them, line by line as the server writes it, so that
 * memory grows with the number of files only: some 200 bytes each. Versions 1 (13 to 16) and 2 (17, which names the system).
 * https://www.postgresql.org/docs/current/backup-manifest-format.html
 */
export const openBackupManifest = () => {
  const passed = new Map<string, string>();
  const digest = createHash('sha256');
  const ranges: WalRange[] = [];
  let rest = Buffer.alloc(0);
  let section: 'head' | 'files' | 'ranges' | 'ended' = 'head';

  const takeFile = (text: string): void => {
    const file = fileSchema.parse(JSON.parse(text));
    const path = pathOf(file);
    const found = passed.get(path);
    if (file['Checksum-Algorithm'] !== 'SHA256') throw new Error(`${path} has no SHA-256`);
    if (found === undefined) throw new Error(`${path} was not sent`);
    if (found !== entryOf(file.Size, file.Checksum)) throw new Error(`${path} differs from what was sent`);
    passed.delete(path);
  };
  const takeRange = (text: string): void => {
    const range = rangeSchema.parse(JSON.parse(text));
    ranges.push({ timeline: range.Timeline, start: range['Start-LSN'], end: range['End-LSN'] });
  };
  const takeEnd = (line: string): void => {
    const sum = /^"Manifest-Checksum": "([0-9a-f]{64})"\}$/.exec(line)?.[1];
    if (sum === undefined) throw new Error('it has a line that is not known');
    if (sum !== digest.digest('hex')) throw new Error('it differs from its own checksum');
    section = 'ended';
  };
  const takeLine = (line: string): void => {
    const text = line.replace(/,$/, '');
    if (section === 'ended') throw new Error('it goes on after its end');
    if (line.startsWith('"Manifest-Checksum"')) return takeEnd(line);
    digest.update(line).update('\n');
    if (/^"Files": \[/.test(line)) section = 'files';
    else if (/^"WAL-Ranges": \[/.test(line)) section = 'ranges';
    else if (text.startsWith('{ "Path"') || text.startsWith('{ "Encoded-Path"')) takeFile(text);
    else if (section === 'ranges' && text.startsWith('{ ')) takeRange(text);
    else if (!/^(\{ "PostgreSQL-Backup-Manifest-Version": [12]|"System-Identifier": \d+|\])$/.test(text))
      throw new Error('it has a line that is not known');
  };

  return {
    /** A file that passed by, before the manifest. Its path is bytes, each a character. */
    file: (path: string, bytes: number, sha256: string): void => {
      if (passed.has(path)) throw new Error(`${path} was sent twice`);
      passed.set(path, entryOf(bytes, sha256));
    },
    /** The next bytes of the manifest. */
    feed: (chunk: Buffer): void => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        takeLine(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > mostLineBytes) throw new Error('it has a line that is too long');
    },
    /** The log that the files need. @throws Error where something was sent that it does not name, or it is cut */
    finish: (): readonly WalRange[] => {
      if (section !== 'ended' || rest.length > 0) throw new Error('it ends early');
      const [more] = passed.keys();
      if (more !== undefined) throw new Error(`it does not name ${more}, which was sent`);
      return ranges;
    },
  };
};
