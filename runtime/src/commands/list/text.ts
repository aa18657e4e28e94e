import { table } from '../../core/text-table.ts';
import { formatBytes, formatTime } from '../../core/units.ts';
import type { Listed } from './result.ts';

export const renderList = (archives: readonly Listed[]): string =>
  table(
    ['target', 'store', 'tier', 'taken', 'size', 'verified', 'archive'],
    archives.map((row) => [
      row.target,
      row.store,
      row.tier,
      formatTime(row.startedAt),
      row.problem ? '-' : formatBytes(row.archiveBytes),
      row.problem ?? formatTime(row.verifiedAt),
      row.archive,
    ]),
  );
