import type { RunContext } from '../../core/context.ts';
import type { Entries, Fingerprint, Preview, RestoreRequest, ServerInfo } from '../engine.ts';
import { isBackupError } from '../../core/errors.ts';
import { connect, sourceError, type RedisClient, type RedisSource } from './client.ts';
import { parsed } from './dump.ts';
import { isHeld } from './leftover.ts';
import { RdbParser, type RdbFacts } from './rdb.ts';
import { moduleOf } from './rdb-modules.ts';
import { RedisError } from './resp.ts';
import { restoreRefused } from './rights.ts';
import { problemsOf, readSurroundings, replicasOf, type Surroundings } from './surroundings.ts';

/** Databases that a server must have for what was counted: `db20/string` needs 21. */
export const databasesIn = (fingerprint: Fingerprint): number =>
  Object.keys(fingerprint).reduce((most, item) => {
    const [, number] = /^db(\d+)\//.exec(item) ?? [];
    return number === undefined ? most : Math.max(most, Number(number) + 1);
  }, 0);

const typesIn = (fingerprint: Fingerprint): ReadonlySet<string> =>
  new Set(
    Object.keys(fingerprint)
      .map((item) => item.slice(item.indexOf('/') + 1))
      .filter((type) => Object.hasOwn(moduleOf, type)),
  );

/** The head of an RDB says all that is wanted of it well within. */
const headBytes = 4096;

/** What the head of an RDB says, and what was counted. @throws BackupError archive.damaged, source.unsupported */
const factsOf = async (entries: Entries, expected: Fingerprint): Promise<RdbFacts> => {
  const parser = new RdbParser();
  let read = 0;
  for await (const { content } of entries) {
    for await (const chunk of parsed(content, parser, 'archive.damaged')) {
      read += chunk.length;
      if (read >= headBytes) break;
    }
    break;
  }
  return { ...parser.facts, databases: databasesIn(expected), moduleTypes: typesIn(expected) };
};

const notRestored = 'archives do not include ACL users and settings; those of the server stay as they are';

/** What a restore of all leaves, in sentences. */
export const notesOf = (server: Surroundings): readonly string[] => {
  const replicas = replicasOf(server.info);
  return [
    ...(isHeld(server.settings.masterauth)
      ? [
          'a restore that was killed holds the server as a replica; it is freed first, and gets its settings back',
        ]
      : []),
    ...(replicas ? [`${replicas} replicas of the server follow, and copy all data again`] : []),
    notRestored,
  ];
};

const look = async (client: RedisClient, facts: RdbFacts, made: ServerInfo): Promise<Preview> => {
  const server = await readSurroundings(client);
  const hindrances = problemsOf(server, facts, made).map((message) => ({ message }));
  return { hindrances, notes: notesOf(server) };
};

/** A restore of single keys leaves roles and settings alone, and needs fewer rights to look. */
const notesOfKeys = (functions: boolean): readonly string[] => [
  notRestored,
  ...(functions ? [] : ['functions are not restored with single keys']),
];

/** Its restore fails; those of other targets before it need not. */
const notLooked = (error: unknown): Preview => {
  if (!isBackupError(error, 'source.unreachable')) throw error;
  return { hindrances: [], notes: [`not checked: ${error.message}`] };
};

const lookAt = async (
  context: RunContext,
  source: RedisSource,
  facts: RdbFacts,
  made: ServerInfo,
): Promise<Preview> => {
  const client = await connect(context, source);
  try {
    return await look(client, facts, made);
  } catch (error) {
    if (error instanceof RedisError)
      throw restoreRefused(`the account may not restore: ${error.message}`, error);
    throw sourceError(context, source, error, 'restore.failed');
  } finally {
    client.close();
  }
};

/** What a restore would meet and leave. @throws BackupError restore.refused where the account may not even look */
export const preview = async (
  context: RunContext,
  source: RedisSource,
  entries: Entries,
  { expected, server, only, into, merge }: RestoreRequest,
): Promise<Preview> => {
  if (only || into || merge) return { hindrances: [], notes: notesOfKeys(merge === true && !only) };
  const facts = await factsOf(entries, expected);
  return lookAt(context, source, facts, server).catch(notLooked);
};
