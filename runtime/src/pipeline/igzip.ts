import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { RunContext } from '../core/context.ts';
import { feed, run } from '../core/process.ts';

const program = 'igzip';

/** Levels of igzip that are faster and no larger than zlib's; above them zlib compresses better. */
const highestLevel = 3;

const isInstalled = (): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Intel's ISA-L (Debian package isal), where it is installed: four times as fast as zlib at level 1. */
export const canIgzip = (level: number): boolean => level <= highestLevel && isInstalled();

/** Compresses through igzip. The source's own error wins over that of the program it cuts short. */
export async function* igzip(
  context: RunContext,
  source: AsyncIterable<Buffer>,
  level: number,
): AsyncGenerator<Buffer> {
  const running = run(context, { program, args: [`-${level}`, '-c'], failure: 'dump.failed' });
  const fed = feed(running, source);
  fed.catch(() => {}); // reported below
  try {
    yield* running.stdout;
    await fed;
  } catch (error) {
    await fed;
    throw error;
  } finally {
    running.kill();
  }
}
