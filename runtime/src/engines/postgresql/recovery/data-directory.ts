import { chown, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf } from '../../../core/errors.ts';
import type { LogReader, LogTarget, RecoveryInput } from '../../engine-base.ts';
import { serverUser } from '../../scratch-server.ts';
import { majorOf } from '../tools.ts';
import { readControl } from './control.ts';
import { openLogFiles, putFile } from './log-files.ts';
import { programsFor } from './programs.ts';
import { assertReachable, notReached } from './reachable.ts';
import { segmentName, timelineOf } from './segments.ts';
import { recoverySettings, settingsText } from './settings.ts';
import { watchFor } from './target-in-log.ts';
import { unpackLayers } from './combine.ts';

/** A server refuses to run as root: where this is root, the files are nobody's, to be given to the server's user. */
const { user } = serverUser;

const putText = (path: string, text: string | Buffer): Promise<void> =>
  putFile(path, async (write) => void (await write(Buffer.from(text))));

const makeEmpty = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) throw new BackupError('restore.refused', `${folder} is not empty`);
  if (user) await chown(folder, user.uid, user.gid);
};

/** Puts all files of the log where a server looks for them that has no archive. */
const putLog = async (log: LogReader, from: bigint, segmentBytes: number, folder: string): Promise<void> => {
  const files = openLogFiles(log, segmentBytes);
  try {
    const first = from / BigInt(segmentBytes);
    await files.seek(first);
    for (let segment = first; ; segment += 1n) {
      const timeline = timelineOf(log, segment, segmentBytes);
      if (timeline === undefined) break;
      await putFile(join(folder, segmentName(timeline, segment, segmentBytes)), files.copyNext);
    }
  } finally {
    await files.close();
  }
  for (const { timeline } of log.timelines) {
    const history = await log.history(timeline);
    const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
    if (history) await putText(join(folder, name), history);
  }
};

/** What the server has kept of a recovery before: two targets at once are refused by PostgreSQL. */
const ofRecovery = /^\s*(recovery_|restore_command|archive_cleanup_command)/;

/** Adds the target to the settings that came with the base. `false`: there is no archive, all of the log is in `pg_wal`. */
const putSettings = async (folder: string, until: LogTarget, timeline: number): Promise<void> => {
  const file = join(folder, 'postgresql.auto.conf');
  const before = await readFile(file, 'utf8').catch(() => '');
  const kept = before.split('\n').filter((line) => line !== '' && !ofRecovery.test(line));
  const settings = settingsText(recoverySettings(until, 'false', timeline));
  await putText(file, [...kept, settings].join('\n'));
  await putText(join(folder, 'recovery.signal'), '');
};

/** What was begun would start as a server of no known instant. */
const emptied = async (folder: string, tablespaces: string): Promise<void> => {
  await rm(tablespaces, { recursive: true, force: true });
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
};

const explained = (folder: string, error: unknown): BackupError =>
  error instanceof BackupError
    ? error
    : new BackupError('restore.failed', `${folder} could not be written: ${messageOf(error)}`, {
        cause: error,
      });

/**
 * Writes a data directory, which a new server of the same major version starts from: it replays the log, which lies in `pg_wal`, to the
 * target, and opens. Its own settings, as far as they lay in the data directory, are those of the old server. Tablespaces
 * lie beside it, in `<folder>_tablespaces`. Where this fails the folder is empty again.
 * @throws BackupError as `BaseWork.write`
 */
export const writeDataDirectory = async (
  context: RunContext,
  { entries, before, facts, server, log }: RecoveryInput,
  until: LogTarget,
  folder: string,
): Promise<void> => {
  const programs = await programsFor(context, server);
  assertReachable(log, until, facts);
  const tablespaces = `${folder}_tablespaces`;
  try {
    for (const each of [folder, tablespaces]) await makeEmpty(each);
  } catch (error) {
    throw explained(folder, error);
  }
  try {
    const place = { data: folder, tablespaces, leaveOut: [], spare: `${folder}_layers` };
    await unpackLayers(context, majorOf(server.version), { entries, before }, place);
    const { segmentBytes } = await readControl(context, programs, folder);
    const watch = watchFor(until, log, majorOf(server.version));
    await putLog(watch.log, facts.start, segmentBytes, join(folder, 'pg_wal'));
    if (watch.arrival() === 'missing') throw notReached(log, until);
    if (watch.arrival() === 'end')
      context.log.info({ folder }, 'nothing follows the instant: the new server opens at the end of the log');
    const target = watch.arrival() === 'end' ? 'latest' : until;
    await putSettings(folder, target, log.timelines.at(-1)?.timeline ?? facts.timeline);
    if ((await readdir(tablespaces)).length === 0) await rm(tablespaces, { recursive: true });
  } catch (error) {
    await emptied(folder, tablespaces);
    throw explained(folder, error);
  }
};
