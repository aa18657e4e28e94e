import { table } from '../../core/text-table.ts';
import type { Rekeyed } from './result.ts';

const fate = ({ kept, failed, oldKeyId }: Rekeyed): string => {
  if (failed) return `FAILED ${failed}`;
  return kept ? `${kept}; keep key ${oldKeyId} until then` : 'goes';
};

export const renderRekeyed = (moved: readonly Rekeyed[]): string =>
  moved.length === 0
    ? 'every archive is under the first key of the plan'
    : table(
        ['store', 'archive', 'key', 'rewritten as', 'old archive'],
        moved.map((each) => [
          each.store,
          each.from,
          `${each.oldKeyId} → ${each.newKeyId}`,
          each.to,
          fate(each),
        ]),
      );
