import { BackupError, messageOf } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import type { Database1 } from '../header.ts';
import { pointsIn } from '../ranges.ts';
import { buildInPlace, count, drop, dropQuietly, exists, type Restore } from './build.ts';
import {
  applyContinuousQueries,
  applyGrants,
  applyPolicies,
  applySubscriptions,
  readSchema,
} from './schema.ts';
import { changedNothing } from './tool.ts';
import type { Unpacked } from './unpack.ts';

const failure = 'restore.failed';

/** Everything of a database but its points, and the retention that it is to have. */
export const finish = async (
  { context, source, notes }: Restore,
  schema: Database1,
  grants: Database1['grants'],
): Promise<void> => {
  const { name } = schema;
  const left = await applyContinuousQueries(context, source, schema);
  for (const statement of left) notes.push(`continuous query not restored, create it manually: ${statement}`);
  await applySubscriptions(context, source, schema);
  const unknown = await applyGrants(context, source, name, grants);
  if (unknown.length > 0)
    notes.push(
      `rights on database ${name} not restored, because the server has no such user: ${unknown.join(', ')}`,
    );
  await applyPolicies(context, source, schema, name, (retention) => retention);
};

/** Points of a live database; 0 where it is gone. */
const livePoints = async (restore: Restore, unpacked: Unpacked): Promise<number> => {
  const counted: Fingerprint = await count(restore, unpacked, unpacked.schema.name).catch(() => ({}));
  return pointsIn(counted);
};

/** Times that a database is dropped again because a client, such as Telegraf by default, created it at once. */
const retries = 20;

/**
 * Drops the live database and fills it at once. A client that creates it in between makes the server refuse the restore,
 * which has then changed nothing: so it is dropped again, and said what was in it.
 */
const fillAgain = async (restore: Restore, unpacked: Unpacked, expected: Fingerprint): Promise<number> => {
  const { name } = unpacked.schema;
  let lost = 0;
  for (let retry = 0; ; retry++)
    try {
      const written = await buildInPlace(restore, unpacked, expected, async () => {
        if (retry > 0) lost += await livePoints(restore, unpacked);
        await drop(restore, name);
      });
      if (lost > 0)
        restore.notes.push(
          `clients created database ${name} again ${retry} times while it was replaced; ${lost} points that they had written to it are lost`,
        );
      return written;
    } catch (error) {
      const wasCreated = changedNothing(error) && (await exists(restore, name));
      if (!wasCreated || retry === retries) throw error;
      restore.context.log.warn(
        { database: name },
        'a client created the database again; it is dropped again',
      );
    }
};

/** Restores again under the live name, now that a copy beside it has proved to be equal: 1.x cannot rename. */
export const replaceLive = async (restore: Restore, unpacked: Unpacked, copy: string): Promise<void> => {
  const { context, source, notes } = restore;
  const { schema } = unpacked;
  const { name } = schema;
  const expected = await count(restore, unpacked, copy);
  const { grants } = (await exists(restore, name))
    ? await readSchema(context, source, name, failure) // DROP DATABASE takes them along
    : schema;
  try {
    const written = await fillAgain(restore, unpacked, expected);
    if (written > 0)
      notes.push(
        `clients wrote ${written} points to database ${name} while it was replaced; the restored database has them`,
      );
    await finish(restore, schema, grants);
  } catch (error) {
    const message = `${messageOf(error)}; database ${name} is not whole, its restored copy is ${copy}: restore again`;
    throw new BackupError(failure, message, { cause: error });
  }
  await dropQuietly(restore, copy);
};
