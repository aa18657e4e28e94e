import type { RunContext } from '../../core/context.ts';
import { BackupError, type FailureCode } from '../../core/errors.ts';
import type { Dump, DumpEntry, Entries, Fingerprint, ServerInfo } from '../engine.ts';
import { connect, sourceError, type RedisClient, type RedisSource } from './client.ts';
import { recover } from './leftover.ts';
import { RdbError } from './rdb-reader.ts';
import { RdbParser, type Moment } from './rdb.ts';
import { readPayload, requestRdb } from './replication.ts';
import { RedisError, textOf, type Reply } from './resp.ts';

/** The only entry of a dump. */
export const entryName = 'dump.rdb';

/** Name of a server as HELLO says it → product. */
const products: Readonly<Record<string, string>> = { redis: 'Redis', valkey: 'Valkey' };

/** What HELLO answers, which every user may ask, as a record; redis 6.0 wants the version of the protocol. */
const hello = async (client: RedisClient): Promise<Readonly<Record<string, Reply>>> => {
  const pairs = (await client.command('HELLO', '2')) as readonly Reply[];
  return Object.fromEntries(
    pairs.flatMap((key, index): [string, Reply][] =>
      index % 2 ? [] : [[textOf(key), pairs[index + 1] ?? null]],
    ),
  );
};

/** What a server says of itself to everybody. */
export interface Greeting extends ServerInfo {
  /** `standalone`, `cluster`, `sentinel`. */
  readonly mode: string;
  /** Versions of loaded modules by name. */
  readonly modules: Readonly<Record<string, number>>;
}

/** Name of a module among the tools of a server. */
export const moduleTool = (name: string): string => `module ${name}`;

/** @throws BackupError source.unsupported */
export const greet = async (client: RedisClient): Promise<Greeting> => {
  const answer = await hello(client).catch((error: unknown) => {
    if (!(error instanceof RedisError) || error.kind === 'NOPERM') throw error;
    throw new BackupError('source.unsupported', `the server is older than redis 6: ${error.message}`, {
      cause: error,
    });
  });
  const mode = textOf(answer.mode);
  if (mode === 'sentinel')
    throw new BackupError('source.unsupported', 'this is a sentinel, not the database that it watches');
  const loaded = (answer.modules ?? []) as readonly (readonly Reply[])[];
  const modules = Object.fromEntries(loaded.map(([, name, , version]) => [textOf(name), Number(version)]));
  const name = textOf(answer.server);
  return {
    product: products[name] ?? name,
    version: textOf(answer.version),
    tools: Object.fromEntries(
      Object.entries(modules).map(([name, version]) => [moduleTool(name), `${version}`]),
    ),
    mode,
    modules,
  };
};

const describe = async (client: RedisClient): Promise<ServerInfo> => {
  const { product, version, tools } = await greet(client);
  return { product, version, tools };
};

export const probe = async (context: RunContext, source: RedisSource): Promise<ServerInfo> => {
  const client = await connect(context, source);
  try {
    return await describe(client);
  } catch (error) {
    throw sourceError(context, source, error, 'source.unreachable');
  } finally {
    client.close();
  }
};

/** Errors of the parser in the terms of who reads. */
export const rdbFailure = (error: unknown, damaged: FailureCode): unknown => {
  if (!(error instanceof RdbError)) return error;
  return new BackupError(error.kind === 'damaged' ? damaged : 'source.unsupported', error.message, {
    cause: error,
  });
};

/** Passes an RDB on while the parser reads it; ends only when the parser agrees. */
export async function* parsed(
  content: AsyncIterable<Buffer>,
  parser: RdbParser,
  damaged: FailureCode,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of content) {
      parser.push(chunk);
      yield chunk;
    }
    parser.finish();
  } catch (error) {
    throw rdbFailure(error, damaged);
  }
}

async function* receive(
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* readPayload(client.reader);
  } catch (error) {
    throw sourceError(context, source, error, 'dump.failed');
  }
}

async function* notEmpty(
  content: AsyncIterable<Buffer>,
  parser: RdbParser,
): AsyncGenerator<Buffer, void, undefined> {
  yield* content;
  if (Object.keys(parser.finish()).length === 0)
    throw new BackupError('dump.empty', 'redis holds no key and no function');
}

async function* only(entry: DumpEntry): Entries & AsyncGenerator<DumpEntry> {
  yield entry;
}

/** A killed restore leaves a server that follows nobody and gives its data to nobody. */
const recovered = async (context: RunContext, source: RedisSource, error: unknown): Promise<boolean> =>
  error instanceof RedisError && error.kind === 'NOMASTERLINK' && (await recover(context, source));

/** Dumps all databases and functions as one RDB, read as a replica would; counted from the very bytes. */
export const dump = async (context: RunContext, source: RedisSource): Promise<Dump> => {
  const client = await connect(context, source);
  try {
    const { mode, modules: _modules, ...server } = await greet(client);
    if (mode === 'cluster')
      context.log.warn(
        { target: source.name },
        'a node of a cluster: the archive has the keys of its slots only',
      );
    await requestRdb(client);
    const parser = new RdbParser();
    const content = notEmpty(parsed(receive(context, source, client), parser, 'dump.damaged'), parser);
    return {
      server,
      entries: only({ name: entryName, content }),
      fingerprint: async () => parser.finish(),
      close: async () => client.close(),
    };
  } catch (error) {
    client.close();
    if (await recovered(context, source, error)) return dump(context, source);
    throw sourceError(context, source, error, 'dump.failed');
  }
};

/** Reads a stream for what its reading does. */
export const drain = async (content: AsyncIterable<Buffer>): Promise<void> => {
  const chunks = content[Symbol.asyncIterator]();
  while (!(await chunks.next()).done);
};

/** Counts the live data by a fresh RDB. */
export const countAt = async (
  context: RunContext,
  source: RedisSource,
  moment: Moment,
): Promise<{ readonly fingerprint: Fingerprint; readonly asOf: Date }> => {
  const client = await connect(context, source);
  try {
    await requestRdb(client);
    const parser = new RdbParser(moment);
    await drain(parsed(receive(context, source, client), parser, 'dump.damaged'));
    return { fingerprint: parser.finish(), asOf: parser.asOf };
  } catch (error) {
    throw sourceError(context, source, error, 'dump.failed');
  } finally {
    client.close();
  }
};

/** @default asOf - the time at which the server makes the RDB */
export const countLive = async (
  context: RunContext,
  source: RedisSource,
  asOf?: Date,
): Promise<Fingerprint> => (await countAt(context, source, { asOf })).fingerprint;

/** The one entry of a dump. @throws BackupError archive.damaged if it is missing or not the only one */
export const withOnlyEntry = async <Result>(
  entries: Entries,
  use: (content: AsyncIterable<Buffer>) => Promise<Result>,
): Promise<Result> => {
  let found: { readonly result: Result } | undefined;
  for await (const { name, content } of entries) {
    if (name !== entryName || found)
      throw new BackupError('archive.damaged', `unexpected entry ${name} in a redis archive`);
    found = { result: await use(content) };
  }
  if (!found) throw new BackupError('archive.damaged', `the archive holds no ${entryName}`);
  return found.result;
};

export const inspect = (_context: RunContext, entries: Entries): Promise<Fingerprint> =>
  withOnlyEntry(entries, async (content) => {
    const parser = new RdbParser();
    await drain(parsed(content, parser, 'archive.damaged'));
    return parser.finish();
  });
