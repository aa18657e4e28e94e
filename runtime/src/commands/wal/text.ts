import { table } from '../../core/text-table.ts';
import { formatBytes, formatCount, formatTime } from '../../core/units.ts';
import type { Release, WalStatus } from './result.ts';

const slotLine = ({ name, status, restart, safeBytes, problem }: WalStatus['slot']): string =>
  [
    `slot ${name}: ${status}`,
    restart && `keeps log from ${restart}`,
    safeBytes !== undefined && `${formatBytes(safeBytes)} until it is lost`,
    problem,
  ]
    .filter(Boolean)
    .join(', ');

const renderStatus = ({ target, store, slot, stretches, gaps }: WalStatus): string =>
  [
    `log of ${target} in ${store}`,
    slotLine(slot),
    table(
      ['system', 'timeline', 'from', 'to', 'objects', 'since', 'until'],
      stretches.map(({ system, timeline, from, to, objects, firstAt, lastAt }) => [
        system,
        String(timeline),
        from,
        to,
        String(objects),
        formatTime(firstAt),
        formatTime(lastAt),
      ]),
    ),
    ...gaps.map(
      ({ system, timeline, from, to }) => `gap in ${system}, timeline ${timeline}: ${from} to ${to}`,
    ),
    `${formatCount(gaps.length, 'recorded gap')}`,
  ].join('\n');

const renderRelease = ({ slot, before, released }: Release): string => {
  if (released) return `dropped slot ${slot}`;
  return before === 'absent' ? `the server has no slot ${slot}` : `slot ${slot} was left as it is`;
};

/** The report of `wal status`, or what `wal release` did. */
export const renderWal = (result: WalStatus | Release): string =>
  'stretches' in result ? renderStatus(result) : renderRelease(result);
