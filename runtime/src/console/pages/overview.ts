import { html } from 'hono/html';
import { statusOf } from '../../commands/status/status.ts';
import type { TargetStatus } from '../../commands/status/result.ts';
import { formatSeconds } from '../../core/units.ts';
import { redFirst, verdictOf, verdictWords } from '../queries/verdict.ts';
import type { Seen } from '../queries/targets.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { time } from './time.ts';

const howFast = ({ lastDrill, rtoSeconds }: TargetStatus): string =>
  lastDrill?.seconds === undefined
    ? `not measured, objective ${formatSeconds(rtoSeconds)}`
    : `${formatSeconds(lastDrill.seconds)} of ${formatSeconds(rtoSeconds)}`;

const row = (status: TargetStatus): Markup => {
  const { verdict, reasons } = verdictOf(status);
  return html`<tr class="${verdict}">
    <th scope="row"><a href="/targets/${status.target}">${status.target}</a></th>
    <td><strong>${verdictWords[verdict]}</strong>${reasons.length ? html`: ${reasons.join('; ')}` : ''}</td>
    <td>${time(status.recoveryPoint)}</td>
    <td>${time(status.verifiedAt)}</td>
    <td>${howFast(status)}</td>
    <td>${time(status.nextRun)}</td>
  </tr>`;
};

const rows = (statuses: readonly TargetStatus[]): Markup =>
  html`<table>
    <caption class="hidden">
      Targets, those that need somebody first
    </caption>
    <thead>
      <tr>
        <th scope="col">Target</th>
        <th scope="col">Can we recover?</th>
        <th scope="col">To</th>
        <th scope="col">Proved</th>
        <th scope="col">How fast</th>
        <th scope="col">Next run</th>
      </tr>
    </thead>
    <tbody>
      ${statuses.map(row)}
    </tbody>
  </table>`;

const nothing = html`<p>
  RBAC lets you see no target. People on call may list the CronJobs of the backup system; others may be
  allowed to get that of one target.
</p>`;

/** One line for each target that somebody may see: can we recover, to when, proved when, how fast; red first. */
export const overviewPage = (caller: string, seen: Seen): Markup => {
  const statuses = redFirst(seen.targets.map(statusOf));
  const content = html`${knownLine(seen)} ${statuses.length ? rows(statuses) : nothing}`;
  return layout({ title: 'Can we recover?', caller, content });
};
