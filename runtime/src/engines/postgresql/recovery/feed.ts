import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import { shell } from '../../../core/shell.ts';
import type { LogReader } from '../../engine-log.ts';
import { serverUser } from '../../scratch-server.ts';
import { openLogFiles, putFile, type LogFiles } from './log-files.ts';
import { parseWanted, segmentName, timelineOf } from './segments.ts';

/**
 * What PostgreSQL runs for each file of the log: takes it from the spool where it lies as a rule, else asks for it and waits.
 * Exit 1: there is no such file, which ends the log; 126: this program has failed or is gone, which fails the recovery.
 */
const script = `spool=$1 name=$2 path=$3 asked=
while [ -d "$spool" ]; do
  [ -e "$spool/$name" ] && exec mv "$spool/$name" "$path"
  [ -e "$spool/failed" ] && exit 126
  [ -e "$spool/$name.none" ] && rm "$spool/$name.none" && exit 1
  [ "$asked" ] || : > "$spool/$name.asked"
  asked=1
  sleep 0.02
done
exit 126
`;

/** Log that lies ready for the server. @default 64 MiB - four files of the usual size */
const mostReadyBytes = 64 << 20;
const pollMs = 20;
const { user } = serverUser;

/** Hands a stored log to a server that recovers. */
export interface Feed {
  /** For `restore_command`, without quotes around it. */
  readonly command: string;
  /** How often the server asked again for the file that the log ends in, or for one behind it: it has replayed all before. */
  readonly asksAtEnd: () => number;
  /** Why the log could not be read; undefined while all is well. */
  readonly failure: () => BackupError | undefined;
  readonly stop: () => Promise<void>;
}

/** Files that the server has not taken yet are those that lie in the folder: it takes them at any moment. */
export interface Spool {
  readonly folder: string;
  readonly log: LogReader;
  readonly segmentBytes: number;
  readonly files: LogFiles;
  asksAtEnd: number;
}

/** Puts the next file into the spool; false at the end of the log. */
const produce = async ({ folder, log, segmentBytes, files }: Spool): Promise<boolean> => {
  const segment = files.next();
  const timeline = segment === undefined ? undefined : timelineOf(log, segment, segmentBytes);
  if (segment === undefined || timeline === undefined) return false;
  await putFile(join(folder, segmentName(timeline, segment, segmentBytes)), files.copyNext);
  return true;
};

/**
 * Puts there what the server asks for, or that there is no such file. Its question was removed before: it may take a file that was put
 * there meanwhile, and ask for it again.
 */
export const answer = async (spool: Spool, name: string): Promise<void> => {
  const { folder, log, segmentBytes, files } = spool;
  const wanted = parseWanted(name, segmentBytes);
  if (wanted && 'segment' in wanted && (wanted.segment + 1n) * BigInt(segmentBytes) >= log.end)
    spool.asksAtEnd += 1;
  if (wanted && 'history' in wanted) {
    const content = await log.history(wanted.history);
    if (content) return putFile(join(folder, name), async (write) => void (await write(content)));
  } else if (wanted && timelineOf(log, wanted.segment, segmentBytes) === wanted.timeline) {
    if (existsSync(join(folder, name))) return; // put there meanwhile
    await files.seek(wanted.segment);
    await produce(spool);
    return;
  }
  await writeFile(join(folder, `${name}.none`), '');
};

/** Answers what was asked for, else works ahead; false where there is nothing to do. */
const work = async (spool: Spool): Promise<boolean> => {
  const { folder, segmentBytes } = spool;
  const present = await readdir(folder);
  const asked = present.filter((name) => name.endsWith('.asked'));
  for (const name of asked) {
    await rm(join(folder, name));
    await answer(spool, name.slice(0, -'.asked'.length));
  }
  if (asked.length > 0) return true;
  const ready = present.filter((name) => 'segment' in (parseWanted(name, segmentBytes) ?? {}));
  const hasRoom = ready.length < Math.max(1, Math.floor(mostReadyBytes / segmentBytes));
  return hasRoom && produce(spool);
};

const explained = (error: unknown): BackupError =>
  isBackupError(error)
    ? error
    : new BackupError('restore.failed', `the log could not be handed to the server: ${messageOf(error)}`, {
        cause: error,
      });

/** A word of the command; `%` begins a placeholder there. */
const word = (text: string): string => shell(text).replaceAll('%', '%%');

/**
 * Lets a server fetch the files of a log from a spool of bounded size. No key, address or passphrase leaves this process: what the
 * server runs knows the spool alone.
 */
export const startFeed = async (parent: string, log: LogReader, segmentBytes: number): Promise<Feed> => {
  const folder = join(parent, 'spool');
  const program = join(parent, 'fetch.sh');
  await mkdir(folder, { mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
  await writeFile(program, script, { mode: 0o644 });
  const files = openLogFiles(log, segmentBytes);
  const spool = { folder, log, segmentBytes, files, asksAtEnd: 0 };
  const state: { stopped?: true; failure?: BackupError } = {};
  const loop = async (): Promise<void> => {
    while (!state.stopped) if (!(await work(spool))) await sleep(pollMs);
  };
  const running = loop().catch(async (error: unknown) => {
    state.failure = explained(error);
    await writeFile(join(folder, 'failed'), '').catch(() => {}); // the folder is gone, and the server with it
  });
  return {
    command: `sh ${word(program)} ${word(folder)} %f %p`,
    asksAtEnd: () => spool.asksAtEnd,
    failure: () => state.failure,
    stop: async () => {
      state.stopped = true;
      await running;
      await files.close();
    },
  };
};
