import { printableLine } from '../../core/printable.ts';
import { formatBytes, formatCount, formatSeconds } from '../../core/units.ts';
import type { BaseResult } from './result.ts';

const titles = { base: 'base', rolled: 'rolled base', increment: 'increment' } as const;

export const renderBase = (result: BaseResult): string =>
  [
    `${result.target}: ${titles[result.kind]} of ${formatBytes(result.sourceBytes)} in ${formatSeconds(result.seconds)} → ${result.store}/${result.archive} (${formatBytes(result.archiveBytes)})`,
    `  needs the log of timeline ${result.timeline} from ${result.startLsn} on, and is whole at ${result.endLsn}`,
    ...(result.notRolled === undefined ? [] : [`  not rolled: ${result.notRolled}`]),
    ...(result.notIncremental === undefined ? [] : [`  no increment: ${result.notIncremental}`]),
    ...result.replicated.map((store) => `  copied to ${store}`),
    ...result.pruned.map(
      ({ key, objects }) =>
        `  removed by retention: ${objects === undefined ? key : `${formatCount(objects, 'object')} of ${key}`}`,
    ),
  ]
    .map(printableLine)
    .join('\n');
