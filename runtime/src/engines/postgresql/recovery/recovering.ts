import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import type { LogReader, RecoveryInput } from '../../engine-base.ts';
import { serverUser } from '../../scratch-server.ts';
import type { PostgresqlSource } from '../client.ts';
import { readControl, type Control } from './control.ts';
import { startFeed, type Feed } from './feed.ts';
import { settingsText, type Settings } from './settings.ts';
import { majorOf } from '../tools.ts';
import { unpackLayers } from './combine.ts';

/** A base that was unpacked, and what its server needs. */
export interface Recovering {
  readonly context: RunContext;
  readonly programs: string;
  readonly folder: string;
  readonly data: string;
  readonly control: Control;
  readonly log: LogReader;
  readonly feed: Feed;
  readonly like: PostgresqlSource;
}

const { user } = serverUser;

/** A file that the server reads. */
export const putText = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text, { mode: 0o600 });
  if (user) await chown(path, user.uid, user.gid);
};

/** The timeline that the log ends on. */
export const newest = ({ timelines }: LogReader): number => timelines.at(-1)?.timeline ?? 1;

export const configFile = (folder: string): string => join(folder, 'settings.conf');

/** What a server is started with. */
export interface Configuration {
  readonly settings: Settings;
  /** File of the data folder that says how the log is replayed. @default it was already */
  readonly signal?: 'recovery.signal' | 'standby.signal';
}

/** Lines of pg_hba.conf, for a socket in a folder that is closed to others. */
const access = 'local all all trust\nlocal replication all trust\n';

export const configure = async (
  { folder, data }: Pick<Recovering, 'folder' | 'data'>,
  { settings, signal }: Configuration,
): Promise<void> => {
  await putText(configFile(folder), settingsText(settings));
  await putText(join(folder, 'pg_hba.conf'), access);
  await putText(join(folder, 'pg_ident.conf'), '');
  if (signal) await putText(join(data, signal), '');
};

/** Where a base is unpacked, and by what. */
export interface Site extends Pick<Recovering, 'context' | 'programs' | 'folder' | 'like'> {
  /** Files of the data folder that are left out besides. */
  readonly leaveOut: readonly string[];
}

/** Unpacks a base, and hands its log out while it is used. */
export const withUnpacked = async <Result>(
  { leaveOut, ...site }: Site,
  { entries, before, log, server }: RecoveryInput,
  use: (recovering: Recovering) => Promise<Result>,
): Promise<Result> => {
  const { context, programs, folder } = site;
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  if (user) await chown(data, user.uid, user.gid);
  const place = {
    data,
    tablespaces: join(folder, 'tablespaces'),
    leaveOut,
    spare: join(folder, 'layers'),
  };
  await unpackLayers(context, majorOf(server.version), { entries, before }, place);
  const control = await readControl(context, programs, data);
  const feed = await startFeed(folder, log, control.segmentBytes);
  try {
    return await use({ ...site, data, control, log, feed });
  } finally {
    await feed.stop(); // the log is not asked for any more
  }
};
