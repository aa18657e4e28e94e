import type { Database1 } from '../header.ts';
import type { ItemCounts } from '../tsm/item-counts.ts';
import type { Learnt } from './files.ts';
import { groupsIn, type MetaGroup } from './meta.ts';

/** Item of the fingerprint. */
export const itemOf = (database: string, policy: string): string => `${database}/${policy}`;

/** Counts the shards of a database as its files pass; each retention policy is an item, those without points too. */
export const countDatabaseFiles = (
  counts: ItemCounts,
  { name, retentionPolicies }: Database1,
): Required<Pick<Learnt, 'meta' | 'count'>> => {
  let groups: readonly MetaGroup[] = [];
  const begin = (): void => {
    for (const { name: policy } of retentionPolicies)
      counts.begin(
        itemOf(name, policy),
        groups.filter((group) => group.policy === policy),
      );
  };
  begin();
  return {
    meta: (meta) => {
      groups = groupsIn(meta, name);
      begin();
    },
    count: (shard) => {
      const group = groups.find(({ shards }) => shards.includes(shard));
      return counts.shard(group && itemOf(name, group.policy));
    },
  };
};
