import { printableLine } from '../../core/printable.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { BackupResult } from './result.ts';

const sizeOf = ({ archiveBytes, storedBytes }: BackupResult): string =>
  storedBytes < archiveBytes
    ? `${formatBytes(archiveBytes)}, ${formatBytes(storedBytes)} of them new`
    : formatBytes(archiveBytes);

export const renderBackup = (result: BackupResult): string =>
  [
    `${result.target}: ${formatBytes(result.sourceBytes)} in ${formatSeconds(result.seconds)} → ${result.store}/${result.archive} (${sizeOf(result)})`,
    ...result.copies.map((key) => `  copied to ${key}`),
    ...Object.entries(result.replicated).map(
      ([store, keys]) => `  ${keys.length} archives copied to ${store}`,
    ),
    ...result.pruned.map((key) => `  removed by retention: ${key}`),
    ...result.warnings.map((warning) => `  WARNING: ${warning}`),
  ]
    .map(printableLine)
    .join('\n');
