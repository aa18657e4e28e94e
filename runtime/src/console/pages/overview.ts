import { html } from 'hono/html';
import { statusOf } from '../../commands/status/status.ts';
import type { TargetStatus } from '../../commands/status/result.ts';
import { redFirst, verdictOf, verdictWords } from '../queries/verdict.ts';
import type { Seen } from '../queries/targets.ts';
import { howFast } from './how-fast.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';

const targetRow = (status: TargetStatus): Row => {
  const { verdict, reasons } = verdictOf(status);
  const cells = [
    html`<a href="/targets/${status.target}">${status.target}</a>`,
    html`<strong>${verdictWords[verdict]}</strong>${reasons.length ? html`: ${reasons.join('; ')}` : ''}`,
    time(status.recoveryPoint),
    time(status.verifiedAt),
    howFast(status),
    time(status.nextRun),
  ];
  return row(cells, verdict);
};

const columns = ['Target', 'Can we recover?', 'To', 'Proved', 'How fast', 'Next run'];

const targetTable = (statuses: readonly TargetStatus[]): Markup =>
  table({ caption: 'Targets, those that need somebody first', columns, rows: statuses.map(targetRow) });

const nothing = html`<p>
  RBAC lets you see no target. People on call may list the CronJobs of the backup system; others may be
  allowed to get that of one target.
</p>`;

/** One line for each target that somebody may see: can we recover, to when, proved when, how fast; red first. */
export const overviewPage = (caller: string, seen: Seen): Markup => {
  const statuses = redFirst(seen.targets.map(statusOf));
  const content = html`${knownLine(seen)} ${statuses.length ? targetTable(statuses) : nothing}`;
  return layout({ title: 'Can we recover?', caller, content });
};
