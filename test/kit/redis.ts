import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { captureText } from './capture.ts';
import { freePort, removeFolder, startServer, workFolder, type PrivateServer } from './private-server.ts';

const host = '127.0.0.1';

export interface RedisOptions {
  /** @default redis-server, Debian's */
  readonly program?: string;
  /** @default none: the server asks for no password */
  readonly password?: string;
  /** Data folder, kept when the server stops. @default a new one, removed at the end */
  readonly data?: string;
  /** Settings as in redis.conf; a list for several words. */
  readonly settings?: Readonly<Record<string, string | readonly string[]>>;
}

export interface TestRedis extends PrivateServer {
  readonly host: string;
  readonly port: number;
  readonly password: string | undefined;
  /** Runs one command with redis-cli as the default user; an error reply rejects. */
  readonly cli: (...args: readonly string[]) => Promise<string>;
  /** As `cli`, but commands come as lines of text, as many as wanted. */
  readonly script: (lines: readonly string[]) => Promise<string>;
  /** An RDB made by the server's own client. */
  readonly rdb: () => Promise<Buffer>;
}

/** Valkey, and Redis since 7, want DEBUG to be allowed; before nobody knew the setting. */
const allowsDebug = async (program: string): Promise<boolean> => {
  const version = await captureText(program, ['--version']);
  return !/Redis server v=[0-6]\./.test(version);
};

/** All settings of a server, sorted, one a line: `maxmemory 0`. */
export const settingsOf = async (server: TestRedis): Promise<string> => {
  const lines = (await server.cli('CONFIG', 'GET', '*')).split('\n');
  // The order is the server's own at each start, the last value may be empty, and `cli` trims what it read.
  const pairs = lines.flatMap((name, index) => (index % 2 ? [] : [`${name} ${lines[index + 1] ?? ''}`]));
  return pairs.toSorted().join('\n');
};

/** Starts a private Redis or Valkey on loopback, as a non-root user, without saving to disk. */
export const startRedis = async (options: RedisOptions = {}): Promise<TestRedis> => {
  const { program = 'redis-server' } = options;
  const folder = workFolder('redis');
  const port = await freePort();
  const env: Record<string, string> =
    options.password === undefined ? {} : { REDISCLI_AUTH: options.password };
  const address = ['-h', host, '-p', `${port}`, '-e'];
  const cli = (...args: readonly string[]): Promise<string> =>
    captureText('redis-cli', [...address, ...args], { env });
  const settings = {
    port: `${port}`,
    bind: host,
    dir: options.data ?? folder,
    save: '',
    appendonly: 'no',
    'repl-diskless-sync-delay': '0', // else a dump waits 5 s
    ...((await allowsDebug(program)) ? { 'enable-debug-command': 'local' } : {}),
    ...(options.password === undefined ? {} : { requirepass: options.password }),
    ...options.settings,
  };
  const server = await startServer({
    program,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value].flat()),
    ready: async () => {
      if ((await cli('PING')) !== 'PONG') throw new Error('redis is loading');
    },
  });
  return {
    ...server,
    host,
    port,
    password: options.password,
    cli,
    script: (lines) => captureText('redis-cli', address, { env, input: lines.join('\n') }),
    rdb: async () => {
      const file = join(folder, 'dump.rdb'); // to standard output it would add the end marker
      await captureText('redis-cli', [...address, '--rdb', file], { env });
      return readFile(file);
    },
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
};
