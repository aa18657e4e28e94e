import { table } from '../../core/text-table.ts';
import { formatBytes } from '../../core/units.ts';
import type { CleanedUp, CleanupReport } from './result.ts';

const stateOf = ({ removed, failed }: CleanedUp): string => {
  if (removed) return 'removed';
  return failed === undefined ? 'stays' : `NOT REMOVED: ${failed}`;
};

const sizeOf = ({ bytes }: CleanedUp): string => (bytes === undefined ? '' : formatBytes(bytes));

export const renderCleanup = ({ server, dryRun, items }: CleanupReport): string =>
  items.length === 0
    ? `restores left nothing on ${server}`
    : [
        table(
          ['left by restores', 'kind', 'size', ...(dryRun ? [] : ['state'])],
          items.map((item) => [item.name, item.kind, sizeOf(item), ...(dryRun ? [] : [stateOf(item)])]),
        ),
        ...(dryRun ? ['dry run: nothing was changed; kept data is removed with --kept only'] : []),
      ].join('\n');
