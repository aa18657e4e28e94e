import { html } from 'hono/html';
import { namedValues } from '../../core/named-values.ts';
import { secondsTaken } from '../../core/times.ts';
import { formatSeconds } from '../../core/units.ts';
import type { RunRecord } from '../../runs/records.ts';
import { layout, type Markup } from './layout.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';

const resultOf = ({ ok, failure, warnings = [] }: RunRecord): Markup => {
  if (!ok) return html`<strong>${failure?.code ?? 'failed'}</strong>: ${failure?.message}`;
  return html`<strong>succeeded</strong>${warnings.length ? html`: ${warnings.join('; ')}` : ''}`;
};

const runRow = (record: RunRecord): Row => {
  const cells = [
    time(record.startedAt),
    record.command,
    formatSeconds(secondsTaken(record)),
    resultOf(record),
    namedValues(record.figures),
  ];
  return row(cells, record.ok ? 'green' : 'red');
};

/** Runs of a target, the newest first. */
export const runsPage = (caller: string, target: string, records: readonly RunRecord[]): Markup => {
  const columns = ['Started', 'Command', 'Took', 'Result', 'Figures'];
  const content = html`<p><a href="/targets/${target}">${target}</a></p>
    ${table({ caption: 'Runs, the newest first', columns, rows: records.map(runRow), none: 'There was none.' })}`;
  return layout({ title: `Runs of ${target}`, caller, content });
};
