import type { RunContext } from '../../core/context.ts';
import type { Dump, ServerInfo } from '../engine.ts';
import type { Earlier, PartsDump } from '../engine-parts.ts';
import type { InfluxdbSource } from './http.ts';
import { generationOf, versionOf } from './server.ts';

/** What a backup does of a generation, loaded when the server has said which it is. */
const workOf = (version: string) =>
  generationOf(version) === 1 ? import('./v1/dump.ts') : import('./v2/dump.ts');

export const probe = async (context: RunContext, source: InfluxdbSource): Promise<ServerInfo> => {
  const version = await versionOf(context, source);
  return (await workOf(version)).probe(context, source, version);
};

export const dump = async (context: RunContext, source: InfluxdbSource): Promise<Dump> => {
  const version = await versionOf(context, source);
  const work = await workOf(version);
  return work.dump(context, source, await work.probe(context, source, version));
};

/** Shards of 2.x are parts; of what is counted by queries, and of 1.x, nothing is known of a shard that is not read. */
export const dumpParts = async (
  context: RunContext,
  source: InfluxdbSource,
  earlier: Earlier | undefined,
): Promise<PartsDump> => {
  const version = await versionOf(context, source);
  const work = await workOf(version);
  const server = await work.probe(context, source, version);
  if (generationOf(version) === 2 && source.connection.count !== 'server')
    return (await import('./v2/dump-parts.ts')).dumpParts(context, source, server, earlier);
  context.log.warn({ version }, 'nothing of this dump is stored as parts');
  return { ...(await work.dump(context, source, server)), notes: () => Buffer.alloc(0) };
};
