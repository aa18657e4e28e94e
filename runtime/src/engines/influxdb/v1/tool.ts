import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import { capture } from '../../../core/process.ts';
import type { InfluxdbSource } from '../http.ts';
import { findInfluxd, type Influxd } from '../server.ts';
import { openGate } from './gate.ts';

const connectTimeoutMs = 15_000;

/** `influxd backup` tries a closed port ten times in four minutes; this tells at once. @throws BackupError source.unreachable */
export const checkRpcPort = async (context: RunContext, { connection }: InfluxdbSource): Promise<void> => {
  const { host, rpcPort: port } = connection;
  const socket = connect({ host, port });
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(connectTimeoutMs)]);
    await once(socket, 'connect', { signal });
  } catch (error) {
    if (context.signal.aborted)
      throw new BackupError('run.interrupted', 'the backup was stopped', { cause: error });
    throw new BackupError(
      'source.unreachable',
      `influxdb at ${host}: port ${port}, that backups of 1.x are read from, is closed: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    socket.destroy();
  }
};

/** The protocol of influxd's backup service has no TLS (cmd/influxd/backup and services/snapshotter of 1.x). */
export const warnOfPlainText = (context: RunContext, { connection, tls }: InfluxdbSource): void => {
  if (tls)
    context.log.warn(
      { port: connection.rpcPort },
      'connection.tls covers the HTTP API only; influxd 1.x sends the data itself without TLS',
    );
};

/** The influxd that holds the client of 1.x. @throws BackupError tool.missing */
export const influxd1 = async (context: RunContext): Promise<Influxd> => {
  const found = await findInfluxd(context, 1);
  if (found) return found;
  throw new BackupError('tool.missing', 'the server is influxdb 1.x, but no influxd 1.x is in PATH');
};

const runTool = async (
  context: RunContext,
  address: string,
  command: string,
  args: readonly string[],
  failure: FailureCode,
): Promise<void> => {
  const { program } = await influxd1(context);
  await capture(context, { program, args: [command, '-portable', '-host', address, ...args], failure });
};

const rpcAddress = ({ connection: { host, rpcPort } }: InfluxdbSource): string =>
  `${host.includes(':') ? `[${host}]` : host}:${rpcPort}`;

/** Backs one database up into a folder. */
export const backupInto = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  folder: string,
): Promise<void> => {
  await checkRpcPort(context, source);
  await runTool(context, rpcAddress(source), 'backup', ['-database', database, folder], 'dump.failed');
};

/** True of an error of `influxd restore` that ended before it changed anything: the server did not take the meta store. */
export const changedNothing = (error: unknown): boolean => messageOf(error).includes('error updating meta');

/**
 * Restores a database out of a folder under a name that is free, or that `makeFree` makes so at the last moment.
 * @throws BackupError restore.failed
 */
export const restoreFrom = async (
  context: RunContext,
  source: InfluxdbSource,
  folder: string,
  { database, name, makeFree }: { database: string; name: string; makeFree?: () => Promise<void> },
): Promise<void> => {
  await checkRpcPort(context, source);
  const renamed = name === database ? [] : ['-newdb', name];
  // the closing slash keeps a folder from being taken for a file
  const args = ['-db', database, ...renamed, join(folder, '/')];
  if (!makeFree) return runTool(context, rpcAddress(source), 'restore', args, 'restore.failed');
  const gate = await openGate(source, makeFree);
  try {
    await runTool(context, gate.address, 'restore', args, 'restore.failed');
  } finally {
    await gate.close();
  }
};
