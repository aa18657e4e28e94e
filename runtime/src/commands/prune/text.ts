import { table } from '../../core/text-table.ts';
import type { Pruned } from '../../retention/application.ts';

export const renderPruned = (decisions: readonly Pruned[]): string =>
  table(
    ['decision', 'store', 'archive', 'reason'],
    decisions.map(({ keep, store, key, reason }) => [keep ? 'keep' : 'remove', store, key, reason]),
  );
