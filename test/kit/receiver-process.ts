import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './until.ts';

/** Not from what reads environments: the import would take longer than a start of the receiver. */
const root = join(import.meta.dirname, '../..');

/** A start took 55 s on two processors with a load of 21. */
const startSeconds = 300;

/**
 * Starts `grill-backup receive postgresql` as a process of its own, to be killed; not by the wrapper, which would outlive it.
 * Resolves when the log flows.
 */
export const startReceiverProcess = async (
  env: Readonly<Record<string, string>>,
  port: number,
): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    [join(root, 'runtime/src/cli/main.ts'), 'receive', 'postgresql', '--port', `${port}`],
    { env: { ...env, LOG_LEVEL: 'INFO' }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`);
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  }, startSeconds);
  return child;
};

/** Resolves to the exit code; a killed receiver has none. */
export const endReceiver = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await ended)[0];
};

/** A metric of the receiver itself; undefined where it has none. */
const metricOf = async (port: number, name: string): Promise<number | undefined> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = new RegExp(`^grill_backup_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
};

/** Log that the server has and the store has not. */
export const lagBytes = async (port: number): Promise<number> =>
  (await metricOf(port, 'wal_lag_bytes')) ?? Infinity;

/** Pieces that this receiver has stored. */
export const storedPieces = async (port: number): Promise<number> =>
  (await metricOf(port, 'wal_pieces')) ?? 0;

export const hasStoredAll = async (port: number): Promise<boolean> => (await lagBytes(port)) === 0;
