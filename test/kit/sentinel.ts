import { join } from 'node:path';
import { chmodSync, writeFileSync } from 'node:fs';
import { captureText } from './capture.ts';
import { freePort, removeFolder, startServer, workFolder, type PrivateServer } from './private-server.ts';

export interface TestSentinel extends PrivateServer {
  readonly port: number;
  readonly cli: (...args: readonly string[]) => Promise<string>;
}

/** Starts a Redis Sentinel that watches a primary on loopback, and lets its replicas take over after a second. */
export const startSentinel = async (primaryPort: number): Promise<TestSentinel> => {
  const folder = workFolder('sentinel');
  const port = await freePort();
  const cli = (...args: readonly string[]): Promise<string> =>
    captureText('redis-cli', ['-h', '127.0.0.1', '-p', `${port}`, '-e', ...args]);
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor grill 127.0.0.1 ${primaryPort} 1`,
    'sentinel down-after-milliseconds grill 1000',
  ];
  writeFileSync(file, lines.join('\n'));
  chmodSync(file, 0o666); // it writes what it learns there
  const server = await startServer({
    program: 'redis-server',
    args: [file, '--sentinel'],
    ready: () => cli('PING'),
  });
  return { ...server, port, cli, stop: () => server.stop().then(() => removeFolder(folder)) };
};
