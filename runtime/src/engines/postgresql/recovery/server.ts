import { join } from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import { startScratch } from '../../scratch-server.ts';
import { configFile, configure, type Configuration, type Recovering } from './recovering.ts';
import { findSuperuser } from './superuser.ts';

/**
 * What a server says that recovers, that is not there yet, or that ends as its target was not reached: then its exit says so.
 * Everything else is its answer.
 */
const isNotYet = (error: unknown): boolean =>
  /not (yet )?accepting connections|starting up|shutting down|in recovery mode|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|onnection terminated/.test(
    messageOf(error),
  );

/** A server that has replayed all, and asks for more so often, opens by then or never: only more log would open it. */
const mostAsksAtEnd = 30;

/** Waits for nothing that does not come by itself: whoever asks next meets the same error. */
const answers = (recovering: Recovering): Promise<unknown> =>
  findSuperuser(recovering).catch((error: unknown) => {
    if (isNotYet(error) && recovering.feed.asksAtEnd() < mostAsksAtEnd) throw error;
  });

/** Starts a server, and waits until it answers: one that recovers does at its end. Resolves to what stops it. */
export const startServer = async (
  recovering: Recovering,
  configuration: Configuration,
): Promise<() => Promise<void>> => {
  const { context, programs, folder, data } = recovering;
  await configure(recovering, configuration);
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
