import { mustExist } from '../../core/must-exist.ts';
import type { RedisClient } from './client.ts';
import { formatBytes } from '../../core/units.ts';
import type { ServerInfo } from '../engine.ts';
import { greet, moduleTool, type Greeting } from './dump.ts';
import { isHeld } from './leftover.ts';
import { figure, infoOf, readSetting, type Info } from './info.ts';
import type { RdbFacts } from './rdb.ts';
import { moduleOf } from './rdb-modules.ts';
import { RedisError } from './resp.ts';
import { formatName, formatOf, isBefore, loads } from './versions.ts';

/** A server as it stands before a restore; nothing was changed to learn it. */
export interface Surroundings {
  readonly greeting: Greeting;
  readonly info: Info;
  /** Of the settings below; absent where the account may not ask. */
  readonly settings: Readonly<Record<(typeof settingNames)[number], string>>;
  /** Sentinels that watch the server; undefined where there are subscribers and the account may not ask which. */
  readonly sentinels: number | undefined;
}

const settingNames = [
  'databases',
  'masterauth',
  'save',
  'stop-writes-on-bgsave-error',
  'tls-replication',
] as const;

/** Every sentinel subscribes to it on every server that it watches (SENTINEL_HELLO_CHANNEL in sentinel.c). */
const sentinelChannel = '__sentinel__:hello';

const sentinelsOf = async ({ command }: RedisClient, info: Info): Promise<number | undefined> => {
  if (figure(info, 'pubsub_channels') === 0) return 0;
  try {
    const [, count] = (await command('PUBSUB', 'NUMSUB', sentinelChannel)) as readonly [string, number];
    return count;
  } catch (error) {
    if (error instanceof RedisError) return undefined;
    throw error;
  }
};

export const readSurroundings = async (client: RedisClient): Promise<Surroundings> => {
  const greeting = await greet(client);
  const info = await infoOf(client);
  const settings = {} as Record<(typeof settingNames)[number], string>;
  for (const name of settingNames) settings[name] = await readSetting(client, name);
  return { greeting, info, settings, sentinels: await sentinelsOf(client, info) };
};

/** Replicas that registered a port to be found at; who only takes an RDB has none. */
export const replicasOf = (info: Info): number =>
  Object.entries(info).filter(([field, value]) => /^slave\d+$/.test(field) && !/port=0[,\r]?/.test(value))
    .length;

/** Why a server takes no writes after the restore, as it does not now (writeCommandsDeniedByDiskError in server.c). */
const diskProblem = ({ info, settings }: Surroundings): string | undefined => {
  if (info.aof_enabled === '1' && info.aof_last_write_status === 'err')
    return 'it could not write its append-only file last time (aof_last_write_status), and takes no writes';
  if (
    info.rdb_last_bgsave_status === 'err' &&
    settings.save !== '' &&
    settings['stop-writes-on-bgsave-error'] === 'yes'
  )
    return 'it could not save to disk last time (rdb_last_bgsave_status), and takes no writes; make room, then BGSAVE';
  return undefined;
};

/** Connections that a restore has at once. */
const connections = 3;

const connectionProblem = ({ info }: Surroundings): string | undefined => {
  const [open, most] = [figure(info, 'connected_clients'), figure(info, 'maxclients')];
  return most > 0 && open + connections > most
    ? `${open} of ${most} connections (maxclients) are open; a restore needs ${connections}`
    : undefined;
};

const sentinelProblem = ({ sentinels }: Surroundings): string | undefined => {
  if (sentinels === 0) return undefined;
  return sentinels === undefined
    ? 'a client subscribes to channels, and the account may not check whether it is a sentinel; grant it +pubsub|numsub'
    : `${sentinels} sentinel${sentinels === 1 ? ' watches' : 's watch'} it, and would make another server primary ` +
        'meanwhile; run SENTINEL REMOVE on each before, and SENTINEL MONITOR afterwards, or restore with --merge';
};

/** Who follows a restore that was killed is freed before the next one. */
const roleProblem = ({ info, settings }: Surroundings): string | undefined =>
  info.role === 'master' || isHeld(settings.masterauth)
    ? undefined
    : `it is a replica of ${info.master_host}:${info.master_port}; restore into its primary`;

const databasesProblem = ({ settings }: Surroundings, { databases }: RdbFacts): string | undefined =>
  settings.databases !== '' && databases > Number(settings.databases)
    ? `it has ${settings.databases} databases and the archive needs ${databases}; set databases ${databases} in its configuration and restart it`
    : undefined;

const memoryProblem = ({ info }: Surroundings, { usedMemoryBytes }: RdbFacts): string | undefined => {
  const most = figure(info, 'maxmemory');
  return most > 0 && usedMemoryBytes > most
    ? `its maxmemory is ${formatBytes(most)} (${info.maxmemory_policy}), and the archive was made by a server that used ` +
        `${formatBytes(usedMemoryBytes)}; raise it: CONFIG SET maxmemory`
    : undefined;
};

const versionProblem = ({ greeting }: Surroundings, { format }: RdbFacts): string | undefined =>
  loads(greeting, format)
    ? undefined
    : `${greeting.product} ${greeting.version} reads RDB up to ${formatName(formatOf(greeting))}, and the archive is ${formatName(format)}`;

/** Modules read what their own past versions wrote; vector sets of redis 8.0.6 make a redis 8.0.2 exit. */
const moduleProblem = (
  { greeting }: Surroundings,
  { version, tools }: ServerInfo,
  type: string,
): string | undefined => {
  const module = mustExist(moduleOf[type], `module of ${type}`);
  const has = greeting.modules[module];
  if (has === undefined) return `the archive holds ${type}, for which it has no module ${module}`;
  const made = Number(tools[moduleTool(module)] ?? 0);
  return made > has || isBefore(greeting.version, version)
    ? `the archive holds ${type} of module ${module} ${made} of ${version}, which is newer than its ${has} of ${greeting.version}`
    : undefined;
};

const clusterProblem = ({ greeting }: Surroundings): string | undefined =>
  greeting.mode === 'cluster' ? 'it runs in cluster mode, in which a server follows no other' : undefined;

/** All reasons for which a server cannot take the whole of an archive, which `made` made, as its only data, and keep it. */
export const problemsOf = (server: Surroundings, facts: RdbFacts, made: ServerInfo): readonly string[] =>
  [
    clusterProblem(server),
    roleProblem(server),
    sentinelProblem(server),
    versionProblem(server, facts),
    ...[...facts.moduleTypes].map((type) => moduleProblem(server, made, type)),
    databasesProblem(server, facts),
    memoryProblem(server, facts),
    diskProblem(server),
    connectionProblem(server),
  ].filter((problem) => problem !== undefined);
