import { open, rm, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import type { Entries, Fingerprint } from '../engine.ts';
import { parsed, withOnlyEntry } from './dump.ts';
import { RdbParser } from './rdb.ts';

/** A validated RDB in a private file. */
export interface Spooled {
  readonly file: string;
  readonly bytes: number;
  readonly fingerprint: Fingerprint;
  /** When the RDB was made. */
  readonly made: Date;
}

const write = async (file: string, content: AsyncIterable<Buffer>): Promise<number> => {
  const handle = await open(file, 'wx', 0o600);
  let bytes = 0;
  try {
    for await (const chunk of content) {
      await handle.writeFile(chunk); // at the current position, all of it
      bytes += chunk.length;
    }
  } finally {
    await handle.close();
  }
  return bytes;
};

/**
 * Validates a dump and lends it as a file, because its checksum comes last and a server is to get no byte before that
 * holds. The file is gone afterwards. @throws BackupError archive.damaged
 */
export const withSpooled = async <Result>(
  context: RunContext,
  entries: Entries,
  use: (spooled: Spooled) => Promise<Result>,
): Promise<Result> => {
  const folder = await mkdtemp(join(context.scratchDir, 'rdb-'));
  try {
    const file = join(folder, 'dump.rdb');
    const parser = new RdbParser();
    const bytes = await withOnlyEntry(entries, (content) =>
      write(file, parsed(content, parser, 'archive.damaged')),
    );
    return await use({ file, bytes, fingerprint: parser.finish(), made: parser.asOf });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
