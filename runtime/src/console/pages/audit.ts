import { html } from 'hono/html';
import { namedValues } from '../../core/named-values.ts';
import type { ShownEntry } from '../../commands/audit/result.ts';
import type { AuditPage } from '../queries/audit.ts';
import { layout, type Markup } from './layout.ts';
import { section } from './section.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';

const kinds = { proved: 'green', unproved: 'amber', altered: 'red' } as const satisfies Record<
  ShownEntry['proof'],
  string
>;

const entryRow = ({ sequence, at, host, command, target, ok, failure, figures, proof }: ShownEntry): Row => {
  const result = ok ? 'succeeded' : (failure ?? 'failed');
  const cells = [
    sequence,
    time(at),
    command,
    target,
    host,
    result,
    namedValues(figures),
    html`<strong>${proof}</strong>`,
  ];
  return row(cells, kinds[proof]);
};

const columns = ['No.', 'When', 'Command', 'Target', 'Where', 'Result', 'Figures', 'Proof'];

const problemList = (problems: AuditPage['problems']): Markup =>
  section(
    'problems',
    'Problems',
    html`<ul>
      ${problems.map(({ entry, message }) => html`<li><code>${entry}</code> ${message}</li>`)}
    </ul>`,
  );

/** A page of the audit trail, each entry proved. */
export const auditTrailPage = (caller: string, { entries, problems, next }: AuditPage): Markup => {
  const content = html`${problems.length ? problemList(problems) : ''}
  ${table({ caption: 'Entries, the newest first', columns, rows: entries.map(entryRow) })}
  ${next === undefined ? '' : html`<p><a href="/audit?before=${next}">Older entries</a></p>`}`;
  return layout({ title: 'Audit trail', caller, content });
};
