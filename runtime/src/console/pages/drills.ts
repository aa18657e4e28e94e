import { html } from 'hono/html';
import { namedValues } from '../../core/named-values.ts';
import { formatSeconds, parseDuration } from '../../core/units.ts';
import { latestFirst } from '../../health/runs-state.ts';
import type { TargetState } from '../../health/target-state.ts';
import type { RunRecord } from '../../runs/records.ts';
import type { Seen } from '../queries/targets.ts';
import { knownLine } from './known.ts';
import { layout, type Markup } from './layout.ts';
import { section } from './section.ts';
import { row, table, type Row } from './table.ts';
import { time } from './time.ts';

const tookOf = (seconds: number | undefined): string =>
  seconds === undefined ? 'not measured' : formatSeconds(seconds);

const standingRow = ({ target, drills, logDrills, withinRto }: TargetState): Row => {
  const cells = [
    html`<a href="/targets/${target.name}">${target.name}</a>`,
    time(drills.last?.at),
    html`<strong>${drills.last ? (drills.last.ok ? 'equal' : 'failed') : 'never'}</strong>`,
    tookOf(drills.measuredSeconds),
    formatSeconds(parseDuration(target.rto)),
    time(logDrills.lastGood?.at),
    time(logDrills.agreedAt),
  ];
  return row(cells, drills.last?.ok ? (withinRto ? 'green' : 'amber') : 'red');
};

const columns = [
  'Target',
  'Last drill',
  'Result',
  'Took',
  'Objective',
  'Instant restored',
  'Agreed with an archive',
];

const evidenceRow = ({ target, startedAt, finishedAt, ok, failure, figures }: RunRecord): Row =>
  row(
    [
      time(startedAt),
      time(finishedAt),
      target,
      html`<strong>${ok ? 'good' : (failure?.code ?? 'failed')}</strong>`,
      namedValues(figures),
    ],
    ok ? 'green' : 'red',
  );

const evidence = (targets: readonly TargetState[]): Markup => {
  const records = targets.flatMap(({ drillRuns }) => drillRuns);
  const newest = records.toSorted(latestFirst);
  return table({
    caption: 'Records of drills, the newest first',
    columns: ['Started', 'Ended', 'Target', 'Result', 'Figures'],
    rows: newest.map(evidenceRow),
  });
};

/** What drills proved, with their signed records: to be printed for an auditor. */
export const drillsPage = (caller: string, seen: Seen): Markup => {
  const { targets } = seen;
  const content = html`${knownLine(seen)}
  ${table({ caption: 'What the last drill of each target proved', columns, rows: targets.map(standingRow) })}
  ${section(
    'evidence',
    'Evidence',
    html`<p>
        Each record below is signed by a key of the plan, and is an entry of the
        <a href="/audit">audit trail</a> as well, which <code>grill-backup audit verify</code> proves whole.
      </p>
      ${evidence(targets)}`,
  )}`;
  return layout({ title: 'Drills', caller, content });
};
