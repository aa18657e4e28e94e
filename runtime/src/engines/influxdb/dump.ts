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

/** Shards are parts. Queries count nothing: they would have to, of a shard that is not read. */
export const dumpParts = async (
  context: RunContext,
  source: InfluxdbSource,
  earlier: Earlier | undefined,
): Promise<PartsDump> => {
  const version = await versionOf(context, source);
  const server = await (await workOf(version)).probe(context, source, version);
  const parts = await (generationOf(version) === 1
    ? import('./v1/dump-parts.ts')
    : import('./v2/dump-parts.ts'));
  return parts.dumpParts(context, source, server, earlier);
};
