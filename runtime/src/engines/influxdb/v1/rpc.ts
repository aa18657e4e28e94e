import { once } from 'node:events';
import { connect } from 'node:net';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';
import type { InfluxdbSource } from '../http.ts';

/** What a connection to the RPC port is for: backups (influxdb 1.x, services/snapshotter: MuxHeader). */
const backupService = 3;

/** What the service is asked for (snapshotter: RequestType). */
const requestTypes = { shard: 0, meta: 1 } as const;

/** A meta store begins with this, and its length (snapshotter: BackupMagicHeader); numbers of 64 bits, big-endian. */
const metaMagic = 0x59590101n;
const metaHeaderBytes = 16;

/** Time without a byte; the service writes its cache to files before it answers. */
const silenceTimeoutMs = 5 * 60_000;

/**
 * What the backup service sends, without the program `influxd`, which writes to a disk only. The service tells no errors: it closes
 * the connection. @throws BackupError source.unreachable, run.interrupted
 */
async function* answer(
  { signal }: RunContext,
  { connection: { host, rpcPort: port } }: InfluxdbSource,
  type: keyof typeof requestTypes,
  request: object,
): AsyncGenerator<Buffer> {
  const socket = connect({ host, port });
  const stop = (): void => void socket.destroy(new Error('the backup was stopped'));
  signal.addEventListener('abort', stop);
  socket.setTimeout(silenceTimeoutMs, () => socket.destroy(new Error('the server does not respond')));
  try {
    await once(socket, 'connect', { signal });
    const content = JSON.stringify({ Type: requestTypes[type], ...request });
    socket.write(
      Buffer.concat([Buffer.from([backupService, requestTypes[type]]), Buffer.from(`${content}\n`)]),
    );
    yield* socket as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal.aborted) throw new BackupError('run.interrupted', 'the backup was stopped', { cause: error });
    const reason = `influxdb at ${host}: port ${port}, that backups of 1.x are read from: ${messageOf(error)}`;
    throw new BackupError('source.unreachable', reason, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** Tar file of a shard, of files that are newer than `since`; nothing at all where it is busy, or gone. @default all files */
export const shardTar = (
  context: RunContext,
  source: InfluxdbSource,
  id: number,
  since?: string,
): AsyncGenerator<Buffer> =>
  answer(context, source, 'shard', { ShardID: id, ...(since && { Since: since }) });

/** The meta store of the server. @throws BackupError dump.damaged */
export const metaStore = async (context: RunContext, source: InfluxdbSource): Promise<Buffer> => {
  const bytes = await collect(answer(context, source, 'meta', {}));
  const isMeta = bytes.length >= metaHeaderBytes && bytes.readBigUInt64BE(0) === metaMagic;
  const end = isMeta ? metaHeaderBytes + Number(bytes.readBigUInt64BE(8)) : Infinity;
  if (end > bytes.length) throw new BackupError('dump.damaged', 'the server did not send its meta store');
  return bytes.subarray(metaHeaderBytes, end);
};
