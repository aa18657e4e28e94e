import { formatBytes } from '../../core/units.ts';
import { cleanup, requireClean, type CleanedUp, type CleanupOptions, type CleanupReport } from './cleanup.ts';
import type { Tool } from '../../cli/program.ts';
import { table } from '../../core/text-table.ts';

const stateOf = ({ removed, failed }: CleanedUp): string => {
  if (removed) return 'removed';
  return failed === undefined ? 'stays' : `NOT REMOVED: ${failed}`;
};

const sizeOf = ({ bytes }: CleanedUp): string => (bytes === undefined ? '' : formatBytes(bytes));

const renderCleanup = ({ server, dryRun, items }: CleanupReport): string =>
  items.length === 0
    ? `restores left nothing on ${server}`
    : [
        table(
          ['left by restores', 'kind', 'size', ...(dryRun ? [] : ['state'])],
          items.map((item) => [item.name, item.kind, sizeOf(item), ...(dryRun ? [] : [stateOf(item)])]),
        ),
        ...(dryRun ? ['dry run: nothing was changed; kept data goes with --kept alone'] : []),
      ].join('\n');

/** Removes what restores left on a target's server. */
export const runCleanup = async (tool: Tool, target: string, options: CleanupOptions): Promise<void> => {
  const report = await cleanup(await tool.open(), target, options);
  tool.print(report, renderCleanup);
  requireClean(report);
};
