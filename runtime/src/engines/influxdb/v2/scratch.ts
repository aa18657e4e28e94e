import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import type { ScratchServer } from '../../engine.ts';
import { freePort, inServerFolder, startScratch } from '../../scratch-server.ts';
import type { InfluxdbConnection } from '../connection.ts';
import { callJson, type InfluxdbSource } from '../http.ts';
import { findInfluxd, versionOf } from '../server.ts';

const host = '127.0.0.1';

/** Name of the source that a scratch server is. */
export const scratchName = 'scratch';

/** What is restored must not expire before it is proved. */
const never = '87600h';

const setUp = async (context: RunContext, source: InfluxdbSource, token: string): Promise<void> => {
  const password = context.randomBytes(24).toString('hex');
  const json = { username: 'scratch', password, org: 'scratch', bucket: 'scratch', token };
  await callJson(context, source, { method: 'POST', path: '/api/v2/setup', json, failure: 'restore.failed' });
};

/**
 * A 2.x server fresh from its setup. A full restore replaces its token by the backup's; the token in `source` is then no
 * longer good.
 */
export const scratch = async (
  context: RunContext,
): Promise<ScratchServer<InfluxdbConnection> | undefined> => {
  const influxd = await findInfluxd(context, 2);
  if (!influxd) return undefined;
  return inServerFolder(context, async (folder) => {
    const [port, token] = [await freePort(), context.randomBytes(24).toString('hex')];
    const source = { name: scratchName, connection: { host, port, rpcPort: 8088 }, credentials: { token } };
    const command = {
      folder,
      stopSignal: 'SIGTERM' as const,
      program: influxd.program,
      args: [
        '--bolt-path',
        join(folder, 'influxd.bolt'),
        '--engine-path',
        join(folder, 'engine'),
        '--sqlite-path',
        join(folder, 'influxd.sqlite'),
        '--http-bind-address',
        `${host}:${port}`,
        '--reporting-disabled',
        '--log-level',
        'error',
        '--storage-retention-check-interval',
        never,
      ],
      env: { HOME: folder, TMPDIR: folder },
    };
    const ready = () => versionOf(context, source);
    const stop = await startScratch(context, command, ready, () => setUp(context, source, token));
    return { source, stop };
  });
};
