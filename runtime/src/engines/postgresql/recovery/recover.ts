import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf } from '../../../core/errors.ts';
import type { LogTarget, Recovered, RecoveryInput } from '../../engine-base.ts';
import { inServerFolder } from '../../scratch-server.ts';
import { queryRow, withClient, type PostgresqlSource } from '../client.ts';
import type { PostgresqlConnection } from '../connection.ts';
import { programsFor } from './programs.ts';
import { assertReachable, notReached } from './reachable.ts';
import { newest, withUnpacked, type Configuration, type Recovering, type Site } from './recovering.ts';
import { startServer } from './server.ts';
import { recoverySettings, scratchSettings } from './settings.ts';
import { findSuperuser, isUnknownRole, sourceOf, superuserOf } from './superuser.ts';

/** Settings of the server that the base is of, which point to files that are not here. */
const leaveOut = ['postgresql.auto.conf'];

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

/**
 * Nothing committed after the time that was asked for, and the log is known to reach beyond it: then its end is that instant.
 */
const isEndTheTarget = ({ log }: Recovering, until: LogTarget): boolean =>
  until !== 'latest' && 'time' in until && until.time <= log.endTime;

/** Until a target, and open for writing then. */
const replaying = ({ folder, control, feed, log }: Recovering, until: LogTarget): Configuration => ({
  settings: {
    ...scratchSettings(folder, control),
    ...recoverySettings(until, feed.command, newest(log)),
  },
  signal: 'recovery.signal',
});

const startAt = async (recovering: Recovering, until: LogTarget): Promise<() => Promise<void>> => {
  try {
    return await startServer(recovering, replaying(recovering, until));
  } catch (error) {
    const failure = recovering.feed.failure();
    if (failure) throw failure;
    if (!unreached.test(messageOf(error))) throw error;
    if (isEndTheTarget(recovering, until)) return startServer(recovering, replaying(recovering, 'latest'));
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

interface Opened {
  readonly source: PostgresqlSource;
  readonly state?: State;
  readonly stop: () => Promise<void>;
}

/** Where neither the account nor `postgres` is there: asks without a server, which then starts again. */
const openAgain = async (recovering: Recovering, stop: () => Promise<void>): Promise<Opened> => {
  await stop();
  const settings = scratchSettings(recovering.folder, recovering.control);
  const source = sourceOf(recovering, await superuserOf(recovering));
  return { source, stop: await startServer(recovering, { settings }) };
};

/** Opens what was recovered; where that fails, the server ends. */
const open = async (recovering: Recovering, stop: () => Promise<void>): Promise<Opened> => {
  try {
    const source = sourceOf(recovering, await findSuperuser(recovering));
    return { source, state: await describe(source), stop };
  } catch (error) {
    if (isUnknownRole(error)) return openAgain(recovering, stop);
    await stop();
    throw explained(error);
  }
};

const recoverIn = async (
  site: Omit<Site, 'leaveOut'>,
  input: RecoveryInput,
  until: LogTarget,
): Promise<Opened> =>
  withUnpacked({ ...site, leaveOut }, input, async (recovering) => {
    assertReachable(input.log, until, input.facts);
    return open(recovering, await startAt(recovering, until));
  });

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
      const started = await recoverIn({ context, programs, folder, like }, input, until);
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
