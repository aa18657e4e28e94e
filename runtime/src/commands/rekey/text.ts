import { table } from '../../core/text-table.ts';
import { formatCount } from '../../core/units.ts';
import type { Rekeyed } from './result.ts';

const fate = ({ kept, failed, oldKeyId }: Rekeyed): string => {
  if (failed) return `FAILED ${failed}`;
  return kept ? `${kept}; keep key ${oldKeyId} until then` : 'goes';
};

const nameOf = ({ from, objects }: Rekeyed): string =>
  objects === undefined ? from : `${formatCount(objects, 'object')} of ${from}`;

export const renderRekeyed = (moved: readonly Rekeyed[]): string =>
  moved.length === 0
    ? 'all is under the first key of the plan'
    : table(
        ['store', 'what', 'key', 'rewritten as', 'the old one'],
        moved.map((each) => [
          each.store,
          nameOf(each),
          `${each.oldKeyId} → ${each.newKeyId}`,
          each.to,
          fate(each),
        ]),
      );
