import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../../core/errors.ts';
import type { Source } from '../engine.ts';
import { openSocket, tlsProblem } from '../tls.ts';
import type { RedisConnection } from './connection.ts';
import { encodeCommand, RedisError, RespReader, type Characters, type Reply } from './resp.ts';

export type RedisSource = Source<RedisConnection>;

/** A connection that has authenticated. */
export interface RedisClient {
  readonly command: (...args: readonly string[]) => Promise<Reply>;
  /** Sends commands together and awaits their replies in order; an error reply rejects, and ends the use of the client. */
  readonly commands: (list: readonly (readonly string[])[]) => Promise<readonly Reply[]>;
  /** As `commands`, but an error reply is one of the results. */
  readonly attempts: (list: readonly (readonly string[])[]) => Promise<readonly (Reply | RedisError)[]>;
  readonly reader: RespReader;
  readonly socket: Socket;
  readonly close: () => void;
}

/** Time to a connection; a server that is up answers at once, a dropped packet never does. */
const connectTimeoutMs = 15_000;

/** Error replies that say no for good. */
const refusals = ['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'ERR'];

/** Adds where the server is, and whether a later try may succeed. */
export const sourceError = (
  context: RunContext,
  { connection }: RedisSource,
  error: unknown,
  other: FailureCode,
): BackupError => {
  if (isBackupError(error)) return error;
  if (context.signal.aborted)
    return new BackupError('run.interrupted', 'the connection to redis was stopped', { cause: error });
  const { host, port } = connection;
  const untrusted = tlsProblem(error);
  if (untrusted !== undefined)
    return new BackupError('source.untrusted', `redis at ${host}:${port}: ${untrusted}`, { cause: error });
  const code =
    error instanceof RedisError
      ? refusals.includes(error.kind)
        ? 'source.refused'
        : 'source.unreachable'
      : other;
  return new BackupError(code, `redis at ${host}:${port}: ${messageOf(error)}`, {
    cause: error,
  });
};

const silentHandshake = 'the server did not answer the TLS handshake; the port may not speak TLS';

/** A port of TLS closes a connection that begins otherwise. */
const mayWantTls = (error: unknown): never => {
  if (error instanceof RedisError) throw error;
  throw new Error(`${messageOf(error)}; the port may speak TLS only, see connection.tls`, { cause: error });
};

const opened = async (context: RunContext, { connection, tls }: RedisSource): Promise<Socket> => {
  const { socket, ready } = await openSocket(connection, tls, context.signal);
  socket.on('error', () => {}); // reported to whoever reads or waits
  socket.setTimeout(connectTimeoutMs, () =>
    socket.destroy(new Error(socket.connecting ? 'timeout while connecting' : silentHandshake)),
  );
  await once(socket, ready);
  socket.setTimeout(0).setKeepAlive(true).setNoDelay(true);
  return socket;
};

const errorReply = (error: unknown): RedisError => {
  if (error instanceof RedisError) return error;
  throw error;
};

const clientOf = (socket: Socket, characters: Characters): RedisClient => {
  const reader = new RespReader(socket, characters);
  const send = (list: readonly (readonly string[])[]) =>
    socket.write(list.map((args) => encodeCommand(args, characters)).join(''), characters);
  const commands = async (list: readonly (readonly string[])[]): Promise<readonly Reply[]> => {
    send(list);
    const replies: Reply[] = [];
    while (replies.length < list.length) replies.push(await reader.reply());
    return replies;
  };
  const attempts = async (list: readonly (readonly string[])[]): Promise<readonly (Reply | RedisError)[]> => {
    send(list);
    const replies: (Reply | RedisError)[] = [];
    while (replies.length < list.length) replies.push(await reader.reply().catch(errorReply));
    return replies;
  };
  const command = async (...args: readonly string[]): Promise<Reply> => (await commands([args]))[0] ?? null;
  return { command, commands, attempts, reader, socket, close: () => socket.destroy() };
};

const authenticate = async (
  client: RedisClient,
  { credentials }: RedisSource,
  characters: Characters,
): Promise<void> => {
  const { username, password } = credentials;
  const words = [username, password].filter((word) => word !== undefined);
  if (password !== undefined)
    await client.command('AUTH', ...words.map((word) => Buffer.from(word).toString(characters)));
  await client.command('PING');
};

/** Connects and authenticates. @throws BackupError source.unreachable, source.refused */
export const connect = async (
  context: RunContext,
  source: RedisSource,
  characters: Characters = 'utf8',
): Promise<RedisClient> => {
  let socket: Socket | undefined;
  try {
    socket = await opened(context, source);
    const client = clientOf(socket, characters);
    const authenticated = authenticate(client, source, characters);
    await (source.tls ? authenticated : authenticated.catch(mayWantTls));
    return client;
  } catch (error) {
    socket?.destroy();
    throw sourceError(context, source, error, 'source.unreachable');
  }
};

/** A server that loads data answers nothing else; longer than a pod is given to end is of no use. */
const loadDeadlineMs = 30_000;
const loadPollMs = 100;

const isLoading = (error: unknown): boolean => {
  const reply = isBackupError(error) ? error.cause : error;
  return reply instanceof RedisError && reply.kind === 'LOADING';
};

/** Tries again while the server says that it loads data. */
export const whenLoaded = async <Result>(
  attempt: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> => {
  const deadline = Date.now() + loadDeadlineMs;
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      if (!isLoading(error) || Date.now() > deadline) throw error;
      await sleep(loadPollMs, undefined, signal && { signal });
    }
};

/** As `connect`, but waits while the server loads data. */
export const connectWhenLoaded = (context: RunContext, source: RedisSource): Promise<RedisClient> =>
  whenLoaded(() => connect(context, source), context.signal);
