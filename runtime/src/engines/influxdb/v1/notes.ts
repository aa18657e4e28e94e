import { parseDuration } from '../duration.ts';
import { expiryNotes } from '../expiry.ts';
import type { Database1 } from '../header.ts';
import type { Restore } from './build.ts';
import { groupsOf, policiesOf } from './list.ts';

const failure = 'restore.failed';

/** What of a database, in the state that stays, is about to expire. */
export const expiringNotes = async (
  { context, source }: Restore,
  database: string,
): Promise<readonly string[]> => {
  const groups = await groupsOf(context, source, database, failure);
  return (await policiesOf(context, source, database, failure)).flatMap(({ name, duration }) =>
    expiryNotes(
      {
        what: `retention policy ${name} of database ${database}`,
        retention: parseDuration(duration),
        groups: groups.filter(({ policy }) => policy === name),
      },
      context.now(),
    ),
  );
};

/** What does not come along with a database under a new name. */
export const leftBehindNotes = (schema: Database1, name: string): readonly string[] => {
  const { continuousQueries, grants, subscriptions = [], retentionPolicies } = schema;
  const finite = retentionPolicies.filter(({ duration }) => parseDuration(duration) !== 0n);
  return [
    ...(finite.length > 0
      ? [
          `database ${name} keeps its points forever; retention policies not restored: ${finite.map((policy) => policy.name).join(', ')}`,
        ]
      : []),
    ...continuousQueries.map(
      (statement) => `continuous query not restored, because it names its database: ${statement}`,
    ),
    ...subscriptions.map((subscription) => `subscription not restored: ${subscription.name}`),
    ...grants.map(({ user, privilege }) => `privilege not restored: ${privilege} of user ${user}`),
  ];
};
