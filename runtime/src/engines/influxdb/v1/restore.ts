import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { shell } from '../../../core/shell.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../../engine.ts';
import { assertEqual } from '../../fingerprint.ts';
import { makeFolder, removeFolder } from '../../scratch-folder.ts';
import type { Header1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { restoredName } from '../leftover-names.ts';
import { expectedOf } from '../scope.ts';
import { build, dropQuietly, exists, isOf, type Restore } from './build.ts';
import { expiringNotes, leftBehindNotes } from './notes.ts';
import { identifier } from './influxql.ts';
import { dropCopies } from './recover.ts';
import { finish, replaceLive } from './replace.ts';
import { applyPolicies } from './schema.ts';
import { changedNothing } from './tool.ts';
import { unpack, type Unpacked } from './unpack.ts';

/** A database that was restored and compared: under a name of its own, or its real one where that was free. */
interface Built {
  readonly unpacked: Unpacked;
  readonly name: string;
  readonly fingerprint: Fingerprint;
}

const buildAs = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Built> => ({
  unpacked,
  name,
  fingerprint: await build(restore, unpacked, name),
});

const buildBeside = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Built> => {
  if (await exists(restore, name))
    throw new BackupError('restore.refused', `database ${name} already exists`);
  return buildAs(restore, unpacked, name);
};

const buildOne = async (restore: Restore, unpacked: Unpacked): Promise<Built> => {
  const { into, mode, suffix } = restore.request;
  const live = unpacked.schema.name;
  const copy = restoredName(live, suffix);
  if (into !== undefined) return buildBeside(restore, unpacked, into);
  if (mode === 'trial' || (await exists(restore, live))) return buildBeside(restore, unpacked, copy);
  try {
    return await buildAs(restore, unpacked, live);
  } catch (error) {
    if (!changedNothing(error)) throw error; // or a client created it in between
    return buildBeside(restore, unpacked, copy);
  }
};

/** What names its database stays behind where the database has a new name; its points are kept for ever. */
const placeInto = async (restore: Restore, { unpacked: { schema }, name }: Built): Promise<void> => {
  await applyPolicies(restore.context, restore.source, schema, name, () => 0n);
  restore.notes.push(...leftBehindNotes(schema, name));
};

const place = async (restore: Restore, built: Built): Promise<void> => {
  const { schema } = built.unpacked;
  if (restore.request.into !== undefined) return placeInto(restore, built);
  if (built.name === schema.name) await finish(restore, schema, schema.grants);
  else await replaceLive(restore, built.unpacked, built.name);
  restore.notes.push(...(await expiringNotes(restore, schema.name)));
};

/** The way back to where there were no such databases; a safety backup knows nothing of them. */
const undoOfNew = ({ source, request }: Restore, built: readonly Built[]): Pick<Restored, 'undo'> => {
  const areNew = built.every(({ name, unpacked }) => name === unpacked.schema.name);
  if (!request.only || !areNew) return {};
  const { host, port } = source.connection;
  const influxql = built.map(({ name }) => `DROP DATABASE ${identifier(name)}`).join('; ');
  return { undo: `influx -host ${host} -port ${port} -execute ${shell(influxql)}` };
};

const restoreAll = async (restore: Restore, databases: readonly Unpacked[]): Promise<Restored> => {
  const built: Built[] = [];
  const fingerprint: Record<string, Fingerprint[string]> = {};
  try {
    for (const unpacked of databases) built.push(await buildOne(restore, unpacked));
    for (const each of built) Object.assign(fingerprint, each.fingerprint);
    const { only, expected } = restore.request;
    const isWanted = (item: string) => databases.some(({ schema }) => isOf(schema.name)(item));
    assertEqual(only ? expectedOf(expected, isWanted) : expected, fingerprint);
  } catch (error) {
    for (const { name } of built) await dropQuietly(restore, name);
    throw error;
  }
  for (const each of built)
    if (restore.request.mode === 'trial') await dropQuietly(restore, each.name);
    else await place(restore, each);
  if (restore.request.mode === 'trial') return { fingerprint };
  await dropCopies(
    restore.context,
    restore.source,
    databases.map(({ schema }) => schema.name),
  );
  return { fingerprint, ...undoOfNew(restore, built), notes: restore.notes };
};

/**
 * Restores every database under a free name and compares it, and only then puts one after the other in the place of the
 * live one. Scratch space holds the whole archive: the tool reads files, and each database is read twice.
 */
export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header1,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const scratch = await makeFolder(context, 'influxdb-');
  try {
    const databases = await unpack(entries, scratch, header, request);
    const asOf = new Date(header.asOf);
    const series = header.counted === 'stream' ? 'all' : 'visible';
    return await restoreAll({ context, source, request, asOf, series, notes: [] }, databases);
  } finally {
    await removeFolder(scratch);
  }
};
