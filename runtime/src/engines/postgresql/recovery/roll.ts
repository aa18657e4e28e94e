import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { capture } from '../../../core/process.ts';
import type { RecoveryInput, StoreRolled } from '../../engine-base.ts';
import { serverUser, withServerFolder } from '../../scratch-server.ts';
import { base } from '../base/base.ts';
import { queryRow, withClient, type PostgresqlSource } from '../client.ts';
import { formatPosition, parsePosition } from '../replication/positions.ts';
import { programsFor } from './programs.ts';
import { assertReachable } from './reachable.ts';
import { newest, withUnpacked, type Recovering } from './recovering.ts';
import { startServer } from './server.ts';
import { standbySettings } from './settings.ts';
import { findSuperuser, sourceOf } from './superuser.ts';

/** Settings by ALTER SYSTEM: they belong to the base, and not to the server that replays it. */
const systemSettings = 'postgresql.auto.conf';

/** What a recovery makes of the label that it began with. */
const labelOfBefore = 'backup_label.old';

const pollMs = 50;

/** Where its replay stands. */
interface Replay {
  /** It has asked for more log than there is. */
  readonly waits: boolean;
  readonly paused: boolean;
  readonly position: string;
}

const replaySql = `
  SELECT EXISTS (SELECT FROM pg_stat_activity
      WHERE backend_type = 'startup' AND wait_event = 'RecoveryRetrieveRetryInterval') AS waits,
    pg_get_wal_replay_pause_state() = 'paused' AS paused, pg_last_wal_replay_lsn()::text AS position`;

const readReplay = (source: PostgresqlSource): Promise<Replay> =>
  withClient(source, 'template1', (client) => queryRow<Replay & Record<string, unknown>>(client, replaySql));

/** Waits until all log was replayed; resolves to where that is. @throws BackupError log.unreached */
const untilReplayed = async ({ feed }: Recovering, source: PostgresqlSource): Promise<bigint> => {
  for (;;) {
    const { waits, paused, position } = await readReplay(source);
    const failure = feed.failure();
    if (failure) throw failure;
    if (paused)
      throw new BackupError(
        'log.unreached',
        `the server raised a limit such as max_connections at ${position}, beyond which this base cannot be rolled`,
      );
    if (waits) return parsePosition(position) ?? 0n;
    await sleep(pollMs);
  }
};

/** Starts a standby, which stays one; `use` gets it when all log was replayed. Ends cleanly: it makes a restartpoint. */
const withStandby = async <Result>(
  recovering: Recovering,
  use: (source: PostgresqlSource, through: bigint) => Promise<Result>,
): Promise<Result> => {
  const { folder, data, control, feed, log } = recovering;
  const settings = standbySettings(folder, control, feed.command, newest(log));
  const stop = await startServer(recovering, { settings, signal: 'standby.signal' });
  try {
    await rm(join(data, 'standby.signal')); // was read, and is nothing of the base
    const source = sourceOf(recovering, await findSuperuser(recovering));
    return await use(source, await untilReplayed(recovering, source));
  } finally {
    await stop();
  }
};

/** The next recovery begins at the last checkpoint that the log has. @throws BackupError log.unreached where that is the base's own */
const restart = async (source: PostgresqlSource, from: bigint, timeline: number): Promise<void> =>
  withClient(source, 'template1', async (client) => {
    await client.query('CHECKPOINT');
    const { redo, own } = await queryRow<{ redo: string; own: number }>(
      client,
      'SELECT redo_lsn::text AS redo, timeline_id AS own FROM pg_control_checkpoint()',
    );
    if (own !== timeline)
      throw new BackupError(
        'log.unreached',
        `the stored log has no checkpoint on timeline ${timeline}, which the server went over to: a base would begin on the one before`,
      );
    if ((parsePosition(redo) ?? 0n) <= from)
      throw new BackupError(
        'log.unreached',
        `the stored log has no checkpoint since ${formatPosition(from)}, where the base begins: there is nothing to roll`,
      );
  });

/** Reads every block of a server that was stopped. @throws BackupError archive.damaged */
const checkBlocks = async ({ context, programs, data }: Recovering): Promise<void> => {
  await capture(context, {
    program: join(programs, 'pg_checksums'),
    args: ['--check', '-D', data],
    env: { LC_ALL: 'C' },
    ...serverUser,
    failure: 'archive.damaged',
  });
};

const rollIn = async <Result>(
  recovering: Recovering,
  { facts, log }: RecoveryInput,
  store: StoreRolled<Result>,
): Promise<Result> => {
  const { context, folder, data } = recovering;
  assertReachable(log, 'latest', facts);
  const [own, aside] = [join(data, systemSettings), join(folder, systemSettings)];
  await rename(own, aside);
  await withStandby(recovering, (source) => restart(source, facts.redo, newest(log)));
  if (facts.checksums) await checkBlocks(recovering);
  return withStandby(recovering, async (source, through) => {
    await rename(aside, own);
    await rm(join(data, labelOfBefore), { force: true });
    const dump = await base(context, source);
    try {
      return await store(dump, through);
    } finally {
      await dump.close();
    }
  });
};

/**
 * Replays a base to the end of the log in a private server, and gives its files as the next base. It stays a standby, so the log goes on
 * under the same timeline; it was stopped cleanly in between, and every block of it read.
 * @throws BackupError as `BaseWork.roll`
 */
export const roll = async <Result>(
  context: RunContext,
  like: PostgresqlSource,
  input: RecoveryInput,
  store: StoreRolled<Result>,
): Promise<Result> => {
  const programs = await programsFor(context, input.server);
  return withServerFolder(
    context,
    (folder) =>
      withUnpacked({ context, programs, folder, like, leaveOut: [] }, input, (recovering) =>
        rollIn(recovering, input, store),
      ),
    input.sourceBytes,
  );
};
