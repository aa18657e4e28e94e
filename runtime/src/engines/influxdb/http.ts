import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RunContext } from '../../core/context.ts';
import { BackupError, messageOf, type FailureCode } from '../../core/errors.ts';
import { collect } from '../../core/process.ts';
import type { Source } from '../engine.ts';
import { tlsOptions, tlsProblem } from '../tls.ts';
import type { InfluxdbConnection } from './connection.ts';

export type InfluxdbSource = Source<InfluxdbConnection>;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Small bodies as text; streams are sent chunked as they come. */
  readonly body?: string | AsyncIterable<Buffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Code of the error for any answer that is neither 2xx, 401 nor 403. */
  readonly failure: FailureCode;
}

/** Time without a byte in either direction while nothing of the answer has come; a server that restores is silent for long. */
const silenceTimeoutMs = 30 * 60_000;
const connectTimeoutMs = 15_000;

const basic = (username: string, password = ''): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** 2.x knows tokens, 1.x user and password; a server without authentication ignores both. */
const authorization = ({ credentials }: InfluxdbSource): Record<string, string> => {
  const { token, username, password } = credentials;
  if (token) return { authorization: `Token ${token}` };
  return username ? { authorization: basic(username, password) } : {};
};

export const addressOf = ({ connection: { host, port, path = '' } }: InfluxdbSource): string =>
  `influxdb at ${host}:${port}${path}`;

/** Where the HTTP API is, for commands that a person runs. */
export const urlOf = ({ connection: { host, port, path = '' }, tls }: InfluxdbSource): string =>
  `${tls ? 'https' : 'http'}://${host}:${port}${path}`;

const send = async (context: RunContext, source: InfluxdbSource, call: Call): Promise<ClientRequest> => {
  const { tls } = source;
  const { host, port, path: prefix = '' } = source.connection;
  // identity: what is stored is compressed once, by the archive
  const headers = { 'accept-encoding': 'identity', ...authorization(source), ...call.headers };
  // an import looks at all of its exports, of which some load WebSocket and the rest of undici: 30 ms
  const { request: open } = process.getBuiltinModule(tls ? 'node:https' : 'node:http');
  const request = open({
    host,
    port,
    method: call.method,
    path: prefix + call.path,
    headers,
    signal: context.signal,
    ...(tls && (await tlsOptions(tls, host))),
    agent: false, // a kept connection may die between two calls
  });
  const connecting = setTimeout(
    () => request.destroy(new Error(`no connection within ${connectTimeoutMs / 1000} s`)),
    connectTimeoutMs,
  );
  request.once('socket', (socket) => socket.once('connect', () => clearTimeout(connecting)));
  request.once('close', () => clearTimeout(connecting));
  request.setTimeout(silenceTimeoutMs, () => request.destroy(new Error('the server does not respond')));
  return request;
};

/** An error of the body, such as a damaged archive, wins over what the broken request says. */
const exchange = async (
  context: RunContext,
  source: InfluxdbSource,
  call: Call,
): Promise<IncomingMessage> => {
  const request = await send(context, source, call);
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => {}); // awaited below
  if (call.body === undefined || typeof call.body === 'string') request.end(call.body);
  else {
    let broken: { readonly error: unknown } | undefined;
    const watched = async function* (body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      try {
        yield* body;
      } catch (error) {
        broken = { error };
        throw error;
      }
    };
    await pipeline(Readable.from(watched(call.body)), request).catch(() => {}); // the answer, or its error, tells why
    if (broken) throw broken.error;
  }
  return (await answered)[0];
};

/** Which account is needed; the answer never says. */
const needs = ({ credentials }: InfluxdbSource): string =>
  credentials.token || !credentials.username
    ? 'backups of 2.x need the operator token, an all-access token is not enough'
    : 'backups of 1.x need an administrator and the right password';

const refusal = (source: InfluxdbSource, status: number, reason: string): BackupError =>
  new BackupError('source.refused', `${addressOf(source)} answered ${status}: ${reason}; ${needs(source)}`);

const quotedCharacters = 300;

/** Message of the server's JSON, or the text itself. */
const reasonOf = (text: string): string => {
  try {
    const { message, error } = JSON.parse(text) as { message?: string; error?: string };
    return message ?? error ?? text.slice(0, quotedCharacters);
  } catch {
    return text.trim().slice(0, quotedCharacters);
  }
};

const asBackupError = (
  context: RunContext,
  source: InfluxdbSource,
  error: unknown,
  failure: FailureCode = 'source.unreachable',
): BackupError => {
  if (error instanceof BackupError) return error;
  if (context.signal.aborted)
    return new BackupError('run.interrupted', `the call to ${addressOf(source)} was stopped`);
  const untrusted = tlsProblem(error);
  return new BackupError(
    untrusted === undefined ? failure : 'source.untrusted',
    `${addressOf(source)}: ${untrusted ?? messageOf(error)}`,
    { cause: error },
  );
};

/**
 * Calls the server; the answer is 2xx, or 404 where `missing` is set.
 * @throws BackupError source.unreachable, source.refused (401, 403), or the call's own code
 */
export const call = async (
  context: RunContext,
  source: InfluxdbSource,
  wanted: Call,
  { missing = false } = {},
): Promise<IncomingMessage> => {
  try {
    const response = await exchange(context, source, wanted);
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || (missing && status === 404)) return response;
    const reason = reasonOf((await collect(response)).toString('utf8'));
    if (status === 401 || status === 403) throw refusal(source, status, reason);
    throw new BackupError(
      wanted.failure,
      `${addressOf(source)} answered ${wanted.method} ${wanted.path.replace(/\?.*/, '')} with ${status}: ${reason}`,
    );
  } catch (error) {
    throw asBackupError(context, source, error);
  }
};

/** As `call`; the answer's text. */
export const callText = async (
  context: RunContext,
  source: InfluxdbSource,
  wanted: Call,
): Promise<string> => {
  const response = await call(context, source, wanted);
  try {
    return (await collect(response)).toString('utf8');
  } catch (error) {
    throw asBackupError(context, source, error);
  }
};

/** As `callJson`; `missing` where the server does not know the path. */
export const callJsonOr = async <Answer>(
  context: RunContext,
  source: InfluxdbSource,
  wanted: Call,
  missing: Answer,
): Promise<Answer> => {
  const response = await call(context, source, wanted, { missing: true });
  const text = (await collect(response)).toString('utf8');
  return response.statusCode === 404 ? missing : (JSON.parse(text) as Answer);
};

/** As `call`; JSON in and out. */
export const callJson = async <Answer>(
  context: RunContext,
  source: InfluxdbSource,
  wanted: Omit<Call, 'body'> & { readonly json?: unknown },
): Promise<Answer> => {
  const { json, ...rest } = wanted;
  const sent =
    json === undefined
      ? {}
      : { body: JSON.stringify(json), headers: { ...rest.headers, 'content-type': 'application/json' } };
  const text = await callText(context, source, { ...rest, ...sent });
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
};

/** The bytes of an answer; one that is cut short fails. */
export async function* bytesOf(
  context: RunContext,
  source: InfluxdbSource,
  response: IncomingMessage,
  failure: FailureCode,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* response as AsyncIterable<Buffer>;
    if (!response.complete) throw new Error('the answer was cut short');
  } catch (error) {
    throw asBackupError(context, source, error, failure);
  } finally {
    response.destroy();
  }
}
