import { chown, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import type { Entries } from '../../../core/entries.ts';
import { BackupError } from '../../../core/errors.ts';
import { capture } from '../../../core/process.ts';
import { serverUser } from '../../scratch-server.ts';
import { combiner, combinerFor } from '../base/increment.ts';
import { unpackBase, type Place } from './unpack.ts';

/** A base as it is stored: the increments that it ends with, and the whole one that they go on from. */
export interface Layers {
  readonly entries: Entries;
  readonly before?: readonly Entries[] | undefined;
}

/** Where it becomes one data folder. */
export interface CombinedPlace extends Place {
  /** Folder for what is only needed meanwhile; it is made, and goes. */
  readonly spare: string;
}

const { user } = serverUser;

const makeFolder = async (path: string): Promise<void> => {
  await mkdir(path, { mode: 0o700 });
  if (user) await chown(path, user.uid, user.gid);
};

/** Unpacks one of the layers into a folder of its own. */
const unpackLayer = async (entries: Entries, folder: string): Promise<Place> => {
  const place = { data: join(folder, 'data'), tablespaces: join(folder, 'tablespaces'), leaveOut: [] };
  await makeFolder(folder);
  await makeFolder(place.data);
  await unpackBase(entries, place);
  return place;
};

/** `=` parts the two for the program. */
const escaped = (path: string): string => path.replaceAll('\\', '\\\\').replaceAll('=', '\\=');

/** Tablespaces are those of the last layer; each goes to its own place. */
const moves = async (last: Place, { tablespaces }: Place): Promise<readonly string[]> => {
  const oids = await readdir(last.tablespaces).catch(() => []);
  return oids.flatMap((oid) => [
    '-T',
    `${escaped(join(last.tablespaces, oid))}=${escaped(join(tablespaces, oid))}`,
  ]);
};

/**
 * Unpacks a base, every file of which was compared with PostgreSQL's own list by then. Increments are put together with the bases
 * that they go on from by PostgreSQL's own program. @param major of the server
 * @throws BackupError drill.unavailable where that program is missing; archive.damaged, restore.failed
 */
export const unpackLayers = async (
  context: RunContext,
  major: number,
  { entries, before = [] }: Layers,
  place: CombinedPlace,
): Promise<void> => {
  if (before.length === 0) return void (await unpackBase(entries, place));
  const program = await combinerFor(context, major);
  if (program === undefined)
    throw new BackupError(
      'drill.unavailable',
      `the base is an increment, and ${combiner} of PostgreSQL ${major}, which puts it together, is not installed`,
    );
  await makeFolder(place.spare);
  try {
    const layers: Place[] = [];
    for (const [index, each] of [...before, entries].entries())
      layers.push(await unpackLayer(each, join(place.spare, `${index}`)));
    const last = layers.at(-1) ?? place;
    const args = ['--no-sync', '--no-manifest', '-o', place.data, ...(await moves(last, place))];
    await capture(context, {
      program,
      args: [...args, ...layers.map(({ data }) => data)],
      env: { LC_ALL: 'C' },
      ...serverUser,
      failure: 'restore.failed',
    });
    for (const name of place.leaveOut) await rm(join(place.data, name), { force: true });
  } finally {
    await rm(place.spare, { recursive: true, force: true });
  }
};
