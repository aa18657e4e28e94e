import { table } from '../../core/text-table.ts';
import { formatCount } from '../../core/units.ts';
import type { PruneResult } from './result.ts';

export const renderPruned = (decisions: PruneResult): string =>
  table(
    ['decision', 'store', 'archive', 'reason'],
    decisions.map(({ keep, store, key, reason, objects }) => [
      keep ? 'keep' : 'remove',
      store,
      key,
      objects === undefined ? reason : `${formatCount(objects, 'object')}: ${reason}`,
    ]),
  );
