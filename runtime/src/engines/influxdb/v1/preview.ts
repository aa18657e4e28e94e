import type { RunContext } from '../../../core/context.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Fingerprint, Hindrance, Preview, RestoreRequest } from '../../engine.ts';
import { parseDuration } from '../duration.ts';
import { expiryNotes } from '../expiry.ts';
import type { Database1, Header1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { nanoseconds, timeText, type Group } from '../intervals.ts';
import { restoredName } from '../leftover-names.ts';
import { choose } from '../scope.ts';
import { shown, shownList } from '../shown.ts';
import { listDatabases, listUsers } from './list.ts';
import { leftBehindNotes } from './notes.ts';
import { checkRpcPort } from './tool.ts';

const failure = 'restore.failed';

/** Shard groups of a retention policy, as far as the counts of the archive tell them. */
const groupsIn = (measures: Fingerprint[string] = {}, shardGroupDuration: bigint): readonly Group[] =>
  Object.keys(measures).flatMap((measure) => {
    const [, start] = /^(\S+Z) /.exec(measure) ?? [];
    return start === undefined ? [] : [{ start, end: timeText(nanoseconds(start) + shardGroupDuration) }];
  });

const expiring = (
  { name, retentionPolicies }: Database1,
  expected: Fingerprint,
  now: Date,
): readonly string[] =>
  retentionPolicies.flatMap((policy) =>
    expiryNotes(
      {
        what: `retention policy ${shown(policy.name)} of database ${shown(name)}`,
        retention: parseDuration(policy.duration),
        groups: groupsIn(expected[`${name}/${policy.name}`], parseDuration(policy.shardGroupDuration)),
      },
      now,
    ),
  );

const userNotes = (databases: readonly Database1[], users: readonly string[]): readonly string[] => {
  const unknown = databases
    .flatMap(({ grants }) => grants.map(({ user }) => user))
    .filter((user) => !users.includes(user));
  return [
    'backups of InfluxDB 1.x do not include users; existing users of the server get their rights on what is restored',
    ...(unknown.length > 0
      ? [`the server lacks users with rights on it: ${shownList([...new Set(unknown)])}`]
      : []),
  ];
};

const takenNames = (
  databases: readonly Database1[],
  live: readonly string[],
  { into, suffix }: RestoreRequest,
): readonly Hindrance[] => {
  const needed = into === undefined ? databases.map(({ name }) => restoredName(name, suffix)) : [into];
  return needed
    .filter((name) => live.includes(name))
    .map((name) => ({ message: `database ${shown(name)} already exists` }));
};

/** What a restore of 1.x is going to meet and to leave. */
export const preview = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header1,
  request: RestoreRequest,
): Promise<Preview> => {
  await checkRpcPort(context, source);
  const databases = choose(header.databases, request, ({ name }) => name);
  const live = await listDatabases(context, source, failure);
  const hindrances = takenNames(databases, live, request);
  if (request.into !== undefined)
    return {
      hindrances,
      notes: leftBehindNotes(mustExist(databases[0], 'database that was asked for'), request.into),
    };
  const others = live.filter((name) => !header.databases.some((database) => database.name === name));
  const replaced = databases.map(({ name }) => name).filter((name) => live.includes(name));
  return {
    hindrances,
    notes: [
      ...(replaced.length > 0
        ? [
            `1.x cannot rename: ${shownList(replaced)} is restored beside, compared, dropped and restored again; what clients write to it meanwhile may be lost`,
          ]
        : []),
      ...(others.length > 0
        ? [`databases that the archive does not hold stay as they are: ${shownList(others)}`]
        : []),
      ...userNotes(databases, await listUsers(context, source, failure)),
      ...databases.flatMap((database) => expiring(database, request.expected, context.now())),
    ],
  };
};
