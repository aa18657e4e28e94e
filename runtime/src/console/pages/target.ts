import { html } from 'hono/html';
import { fileName } from '../../archives/layout.ts';
import type { TargetStatus } from '../../commands/status/result.ts';
import { statusOf } from '../../commands/status/status.ts';
import { formatBytes, formatCount, formatSeconds } from '../../core/units.ts';
import type { CountedArchive } from '../../health/archives-state.ts';
import type { SeenTarget } from '../queries/targets.ts';
import { verdictOf, verdictWords } from '../queries/verdict.ts';
import { recoveryWindow, type RecoveryWindow } from '../queries/window.ts';
import { howFast } from './how-fast.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { newestArchives } from './newest-archives.ts';
import { facts, section } from './section.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';
import { windowBar } from './window-bar.ts';

const list = (lines: readonly string[]): Markup =>
  html`<ul>
    ${lines.map((line) => html`<li>${line}</li>`)}
  </ul>`;

const verdictLine = (status: TargetStatus): Markup => {
  const { verdict, reasons } = verdictOf(status);
  return html`<p class="verdict ${verdict}"><strong>Can we recover? ${verdictWords[verdict]}.</strong></p>
    ${reasons.length ? list(reasons) : ''}`;
};

const ageOf = ({ ageSeconds, rpoSeconds }: TargetStatus): string =>
  ageSeconds === undefined
    ? `objective ${formatSeconds(rpoSeconds)}`
    : `${formatSeconds(ageSeconds)} old, objective ${formatSeconds(rpoSeconds)}`;

const lockLine = ({ lock }: TargetStatus): string =>
  lock
    ? `${lock.state}${lock.command === undefined ? '' : `, by ${lock.command} on ${lock.host ?? 'an unknown host'}`}`
    : 'free';

const standing = (status: TargetStatus): Markup =>
  facts([
    ['Recovery point', html`${time(status.recoveryPoint)}, ${ageOf(status)}`],
    ['Proved', time(status.verifiedAt)],
    ['How fast', howFast(status)],
    ['Next backup', time(status.nextRun)],
    ['Engine', status.engine],
    ['Lock', lockLine(status)],
    ['Retention', status.frozen ?? 'removes what the plan does not keep'],
  ]);

const spans = (status: TargetStatus): string => {
  const { log, logProblem } = status;
  if (logProblem !== undefined) return `The log could not be read: ${logProblem}`;
  if (!log)
    return 'The plan keeps no log of this target: it can be restored to each archive, not between them.';
  return `${formatCount(log.windows.length, 'window')} of instants, ${formatCount(log.holes, 'hole')} in the log, ${formatCount(log.bases, 'base')}.`;
};

const recoverable = (status: TargetStatus, { windows, points }: RecoveryWindow, now: Date): Markup => {
  const rows = windows.map(({ from, to }) => row([time(from), time(to)]));
  return html`${windowBar({ windows, points, now })}
    <p>${spans(status)}</p>
    ${rows.length ? table({ caption: 'Windows of instants', columns: ['Any instant from', 'To'], rows }) : ''}`;
};

const archiveRow = (target: string, { key, manifest, verifiedAt }: CountedArchive): Row => {
  const name = fileName(key);
  return row([
    html`<a href="/targets/${target}/archives/${name}">${name}</a>`,
    time(manifest.startedAt),
    manifest.tier,
    formatBytes(manifest.archiveBytes),
    verifiedAt === undefined ? 'not verified yet' : 'verified',
  ]);
};

const archiveTable = (target: string, archives: readonly CountedArchive[]): Markup => {
  const newest = newestArchives(archives);
  const rows = newest.map((archive) => archiveRow(target, archive));
  const columns = ['Archive', 'Started', 'Tier', 'Size', 'Proof'];
  const rest = archives.length - newest.length;
  return html`${table({ caption: 'Archives, the newest first', columns, rows })}
  ${rest > 0 ? html`<p>${formatCount(rest, 'older archive')}: the API pages through all.</p>` : ''}`;
};

const runRow = ({ command, startedAt, finishedAt, ok, failure }: TargetStatus['lastRuns'][number]): Row =>
  row(
    [
      command,
      time(startedAt),
      time(finishedAt),
      html`<strong>${ok ? 'succeeded' : (failure ?? 'failed')}</strong>`,
    ],
    ok ? 'green' : 'red',
  );

const runTable = ({ lastRuns }: TargetStatus): Markup =>
  table({
    caption: 'The last run of each command',
    columns: ['Command', 'Started', 'Ended', 'Result'],
    rows: lastRuns.map(runRow),
    none: 'There was none.',
  });

const aside = ({ setAside }: TargetStatus): Markup =>
  table({
    caption: 'Archives that do not count',
    columns: ['Archive', 'Problem', 'Code'],
    rows: setAside.map(({ archive, problem, code }) => row([archive, problem, html`<code>${code}</code>`])),
  });

/** Everything about one target: whether it can be recovered, to when, from what, and what runs did. */
export const targetPage = (caller: string, seen: SeenTarget): Markup => {
  const { target, state } = seen;
  const { log, archives } = target; // which are parsed each time that they are asked for
  const status = statusOf(target);
  const window = recoveryWindow({ log, archives });
  const link = (path: string, text: string): Markup =>
    html`<p><a href="/targets/${status.target}/${path}">${text}</a></p>`;
  const content = html`${knownLine(seen)} ${verdictLine(status)} ${link('restore', 'Restore it')}
  ${standing(status)} ${section('instants', 'What can be restored', recoverable(status, window, state.at))}
  ${section('archives', 'Archives', archiveTable(status.target, archives))}
  ${section('runs', 'Last runs', runTable(status))}
  ${status.setAside.length ? section('aside', 'Set aside', aside(status)) : ''}
  ${status.anomalies.length ? section('unusual', 'Unusual', list(status.anomalies)) : ''}`;
  return layout({ title: status.target, caller, content });
};
