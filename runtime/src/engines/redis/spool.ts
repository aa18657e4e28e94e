import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import type { Entries, Fingerprint } from '../engine.ts';
import { makeFolder, removeFolder } from '../scratch-folder.ts';
import { drain, parsed, withOnlyEntry } from './dump.ts';
import { RdbParser, type Moment, type RdbFacts } from './rdb.ts';

/** A validated RDB in a private file. */
export interface Spooled {
  readonly file: string;
  readonly bytes: number;
  readonly fingerprint: Fingerprint;
  readonly facts: RdbFacts;
  /** When the RDB was made. */
  readonly made: Date;
}

/** Counts it for another moment. */
export const countSpooled = async (
  { file, fingerprint, facts }: Spooled,
  moment: Moment,
): Promise<Fingerprint> => {
  if (!facts.mortal) return fingerprint;
  const parser = new RdbParser(moment);
  await drain(parsed(createReadStream(file, { highWaterMark: 1 << 20 }), parser, 'archive.damaged'));
  return parser.finish();
};

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
  const folder = await makeFolder(context, 'rdb-');
  try {
    const file = join(folder, 'dump.rdb');
    const parser = new RdbParser();
    const bytes = await withOnlyEntry(entries, (content) =>
      write(file, parsed(content, parser, 'archive.damaged')),
    );
    return await use({ file, bytes, fingerprint: parser.finish(), facts: parser.facts, made: parser.asOf });
  } finally {
    await removeFolder(folder);
  }
};
