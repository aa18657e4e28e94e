import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import type { LogReader, LogTarget, Recovered, RecoveryInput } from '../../engine-base.ts';
import type { ScratchServer } from '../../engine.ts';
import { inServerFolder, serverUser, startScratch } from '../../scratch-server.ts';
import { queryRow, withClient, type PostgresqlSource } from '../client.ts';
import type { PostgresqlConnection } from '../connection.ts';
import { readControl, type Control } from './control.ts';
import { startFeed, type Feed } from './feed.ts';
import { programsFor } from './programs.ts';
import { assertReachable, notReached } from './reachable.ts';
import { recoverySettings, scratchSettings, settingsText } from './settings.ts';
import { unpackBase } from './unpack.ts';

/** Any: the server has no address but its socket. */
const port = 5432;

/** Settings of the server that the base is of, which point to files that are not here; and its own state of recovery. */
const leaveOut = ['postgresql.auto.conf', 'standby.signal', 'recovery.signal'];

interface Recovering {
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
const putFile = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text, { mode: 0o600 });
  if (user) await chown(path, user.uid, user.gid);
};

const newest = ({ timelines }: LogReader): number => timelines.at(-1)?.timeline ?? 1;

const configFile = (folder: string): string => join(folder, 'settings.conf');

const configure = async (
  { folder, data, control, log, feed }: Recovering,
  until: LogTarget,
): Promise<void> => {
  const settings = {
    ...scratchSettings(folder, control),
    ...recoverySettings(until, feed.command, newest(log)),
  };
  await putFile(configFile(folder), settingsText(settings));
  await putFile(join(folder, 'pg_hba.conf'), 'local all all trust\n'); // in a folder that is closed to others
  await putFile(join(folder, 'pg_ident.conf'), '');
  await putFile(join(data, 'recovery.signal'), '');
};

const sourceOf = ({ folder, like }: Recovering, username: string): PostgresqlSource => {
  const { tls: _, ...connection } = like.connection;
  return {
    name: like.name,
    connection: { ...connection, host: folder, port, sslMode: 'disable' },
    credentials: { username, password: '' },
  };
};

/** Sessions of the account of the plan, of which the instant may know nothing yet, else of the usual superuser. */
const candidates = ({ like }: Recovering): readonly string[] => [
  ...new Set([like.credentials.username ?? 'postgres', 'postgres']),
];

const isUnknownRole = (error: unknown): boolean =>
  isBackupError(error, 'source.refused') &&
  /role ".*" (does not exist|is not permitted)/.test(messageOf(error));

/** A role that may do everything, as any role can tell. @throws as `connect` */
const findSuperuser = async (recovering: Recovering): Promise<string> => {
  let last: unknown;
  for (const username of candidates(recovering))
    try {
      const source = sourceOf(recovering, username);
      return await withClient(source, 'template1', async (client) => {
        const { rows } = await client.query<{ rolname: string }>(
          'SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1',
        );
        return rows[0]?.rolname ?? username;
      });
    } catch (error) {
      if (!isUnknownRole(error)) throw error;
      last = error;
    }
  throw last;
};

/**
 * What a server says that recovers, that is not there yet, or that ends as its target was not reached: then its exit says so.
 * Everything else is its answer.
 */
const isNotYet = (error: unknown): boolean =>
  /not (yet )?accepting connections|starting up|shutting down|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|onnection terminated/.test(
    messageOf(error),
  );

/** Waits for nothing that does not come by itself: whoever asks next meets the same error. */
const answers = (recovering: Recovering): Promise<unknown> =>
  findSuperuser(recovering).catch((error: unknown) => {
    if (isNotYet(error)) throw error;
  });

const localeMissing = /incompatible with operating system|could not find locale/;

/** What keeps a recovered database closed, in words that help. */
const explained = (error: unknown): unknown =>
  localeMissing.test(messageOf(error))
    ? new BackupError(
        'drill.unavailable',
        `${messageOf(error)}; the recovered server needs the locales of the database, which the package locales-all has`,
        { cause: error },
      )
    : error;

const unreached = /recovery ended before configured recovery target was reached/;

/** Runs the recovery to its end; resolves to what stops the server then. */
const startServer = async (recovering: Recovering, until: LogTarget): Promise<() => Promise<void>> => {
  const { context, programs, folder, data } = recovering;
  await configure(recovering, until);
  const command = {
    program: join(programs, 'postgres'),
    args: ['-D', data, '-c', `config_file=${configFile(folder)}`],
    env: { LC_ALL: 'C' },
    folder,
    stopSignal: 'SIGINT' as const, // a fast shutdown
    startMs: Number.POSITIVE_INFINITY, // as long as the log is; the run's own deadline ends it
  };
  return startScratch(context, command, () => answers(recovering));
};

/**
 * Nothing committed after the time that was asked for, and the log is known to reach beyond it: then its end is that instant.
 */
const isEndTheTarget = ({ log }: Recovering, until: LogTarget): boolean =>
  until !== 'latest' && 'time' in until && until.time <= log.endTime;

const startAt = async (recovering: Recovering, until: LogTarget): Promise<() => Promise<void>> => {
  try {
    return await startServer(recovering, until);
  } catch (error) {
    const failure = recovering.feed.failure();
    if (failure) throw failure;
    if (!unreached.test(messageOf(error))) throw error;
    if (isEndTheTarget(recovering, until)) return startServer(recovering, 'latest');
    throw notReached(recovering.log, until);
  }
};

interface State {
  readonly committed: Date | null;
  readonly position: string;
}

const describe = async (source: PostgresqlSource): Promise<State> =>
  withClient(source, 'template1', (client) =>
    queryRow<{ committed: Date | null; position: string }>(
      client,
      'SELECT pg_last_xact_replay_timestamp() AS committed, pg_last_wal_replay_lsn()::text AS position',
    ),
  );

const recoverIn = async (
  context: RunContext,
  programs: string,
  folder: string,
  like: PostgresqlSource,
  { entries, facts, log }: RecoveryInput,
  until: LogTarget,
): Promise<ScratchServer<PostgresqlConnection> & { readonly state: State }> => {
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  if (user) await chown(data, user.uid, user.gid);
  await unpackBase(entries, { data, tablespaces: join(folder, 'tablespaces'), leaveOut });
  assertReachable(log, until, facts);
  const control = await readControl(context, programs, data);
  const feed = await startFeed(folder, log, control.segmentBytes);
  try {
    const recovering = { context, programs, folder, data, control, log, feed, like };
    const stop = await startAt(recovering, until);
    try {
      const source = sourceOf(recovering, await findSuperuser(recovering));
      return { source, state: await describe(source), stop };
    } catch (error) {
      await stop();
      throw explained(error);
    }
  } finally {
    await feed.stop(); // the log is not asked for any more
  }
};

/** Recovers a base and its log in a private server. @throws BackupError as `BaseWork.recover` */
export const recover = async (
  context: RunContext,
  like: PostgresqlSource,
  input: RecoveryInput,
  until: LogTarget,
): Promise<Recovered<PostgresqlConnection>> => {
  const programs = await programsFor(context, input.server);
  let state: State | undefined;
  const server = await inServerFolder(
    context,
    async (folder) => {
      const started = await recoverIn(context, programs, folder, like, input, until);
      ({ state } = started);
      return started;
    },
    input.sourceBytes,
  );
  return {
    ...server,
    position: state?.position ?? '',
    ...(state?.committed && { lastCommit: state.committed }),
  };
};
