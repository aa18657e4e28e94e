import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { hourSeconds } from '../runtime/src/contract/time.ts';
import type { DashboardContext } from './context.ts';
import { lines, one, stat, third, tile, timeline, type Panels } from './panels.ts';
import * as promql from './log-queries.ts';
import { atLeast, atMost, neutral, okOrFailed, weeklyDrills, type Words } from './style.ts';
import { table } from './table.ts';

const yesOrHole: Words = { 1: ['can be restored', 'green'], 0: ['hole', 'red'] };
const receivedOrNot: Words = { 1: ['received', 'green'], 0: ['stopped', 'red'] };

/** An idle database writes once a minute, and the exporter looks at most once in ten. */
const lag = atMost(15 * 60, hourSeconds);

/** A gigabyte is written within minutes on a busy server. */
const safeBytes = atLeast(4 * 2 ** 30, 2 ** 30);

const off = 'not kept';

const bar = (legend: string, height: number): Builder<Panel> =>
  timeline({
    title: 'Instants that can be restored',
    description:
      'The axis of time is that of instants, as known at its end: green can be restored, red lies in a hole of the log, ' +
      'and what is empty is before the oldest base or not stored yet.',
    queries: one(promql.canBeRestored(), legend),
    unit: 'none',
    words: yesOrHole,
    width: 24,
    height,
  });

const perTarget = (): Panels => [
  bar('{{target}}', 5),
  table({
    title: 'Log per target',
    description: 'Targets whose log is kept, by what the stores have and what the receivers say.',
    by: 'target',
    rows: 'Target',
    width: 24,
    height: 5,
    columns: [
      { title: 'Receiver', expr: promql.isReceived(), unit: 'none', words: receivedOrNot },
      { title: 'Recovery point', expr: promql.logPointAge(), unit: 's', steps: lag },
      { title: 'Lag', expr: promql.lagSeconds(), unit: 's' },
      { title: 'Not stored', expr: promql.lagBytes(), unit: 'bytes' },
      { title: 'Goes back', expr: promql.windowSeconds(), unit: 's' },
      { title: 'Holes', expr: promql.holes(), unit: 'none', steps: atMost(1, 1) },
      { title: 'Until slot is lost', expr: promql.slotSafeBytes(), unit: 'bytes', steps: safeBytes },
      { title: 'Bases', expr: promql.bases(), unit: 'none', steps: atLeast(1, 1) },
      { title: 'Newest base', expr: promql.newestBaseAge(), unit: 's' },
      { title: 'Drill', expr: promql.lastLogDrillOk(), unit: 'none', words: okOrFailed },
      { title: 'Last drilled', expr: promql.goodLogDrillAge(), unit: 's', steps: weeklyDrills },
    ],
  }),
];

const tiles = (): Panels => [
  stat({
    ...tile,
    title: 'Log',
    description: 'Whether the log flows from the server to the receiver.',
    queries: one(promql.isReceived()),
    unit: 'none',
    words: receivedOrNot,
    steps: neutral,
    noValue: off,
  }),
  stat({
    ...tile,
    title: 'Recovery point of the log',
    description: 'Time since the newest instant that the stores can restore.',
    queries: one(promql.logPointAge()),
    unit: 's',
    steps: lag,
    noValue: 'none',
  }),
  stat({
    ...tile,
    title: 'Not stored yet',
    description: 'Log that the server has and the store has not.',
    queries: one(promql.lagBytes()),
    unit: 'bytes',
    steps: neutral,
    noValue: off,
  }),
  stat({
    ...tile,
    title: 'Goes back',
    description: 'Length of the newest window without a hole.',
    queries: one(promql.windowSeconds()),
    unit: 's',
    steps: neutral,
    noValue: 'none',
  }),
  stat({
    ...tile,
    title: 'Holes',
    description: 'From each one to the next base no instant can be restored.',
    queries: one(promql.holes()),
    unit: 'none',
    steps: atMost(1, 1),
    noValue: off,
  }),
  stat({
    ...tile,
    title: 'Slot',
    description: 'The replication slot and its status: idle, active, lost or absent.',
    queries: one(promql.slot(), '{{slot}} · {{status}}'),
    unit: 'none',
    steps: neutral,
    nameOnly: true,
    noValue: off,
  }),
  stat({
    ...tile,
    title: 'Until slot is lost',
    description:
      'Log that may still be written before the server gives the slot up, if the receiver stayed away.',
    queries: one(promql.slotSafeBytes()),
    unit: 'bytes',
    steps: safeBytes,
    noValue: 'no limit',
  }),
  stat({
    ...tile,
    title: 'Newest base',
    description: 'Time since the newest base was begun; restores replay the log from there.',
    queries: one(promql.newestBaseAge()),
    unit: 's',
    steps: neutral,
    noValue: 'none',
  }),
  stat({
    ...tile,
    title: 'Bases',
    description: 'Bases that count, in the primary store.',
    queries: one(promql.bases()),
    unit: 'none',
    steps: atLeast(1, 1),
    noValue: off,
  }),
  stat({
    ...tile,
    title: 'Last drilled to an instant',
    description: 'Time since a drill last recovered the target to an instant of its log.',
    queries: one(promql.goodLogDrillAge()),
    unit: 's',
    steps: weeklyDrills,
    noValue: 'never',
  }),
  stat({
    ...tile,
    title: 'Recovery took',
    description: 'Duration of the recovery to an instant in the last drill that succeeded.',
    queries: one(promql.recoverySeconds()),
    unit: 's',
    steps: neutral,
    noValue: 'no drill yet',
  }),
  stat({
    ...tile,
    title: 'Agreed with an archive',
    description:
      'Time since a recovery to the instant of an archive had the very data of that archive: two ways that agree.',
    queries: one(promql.agreementAge()),
    unit: 's',
    steps: neutral,
    noValue: 'never',
  }),
];

const course = (): Panels => [
  lines({
    ...third,
    title: 'Lag of the log',
    description: 'How far what is stored is behind the server, by the clock of the server.',
    queries: one(promql.lagSeconds(), 'lag'),
    unit: 's',
    noValue: off,
  }),
  lines({
    ...third,
    title: 'Log per hour',
    description: 'Bytes of log, and of the pieces that hold them, stored within an hour.',
    queries: [...one(promql.logBytesPerHour(), 'log'), ...one(promql.storedBytesPerHour(), 'stored')],
    unit: 'bytes',
    noValue: off,
  }),
  lines({
    ...third,
    title: 'Pieces per hour',
    description: 'Objects stored within an hour; each is a request that is paid for.',
    queries: one(promql.piecesPerHour(), 'pieces'),
    unit: 'short',
    noValue: off,
  }),
];

const row = 'Point-in-time recovery';

const where = ({ plan }: DashboardContext, panels: Panels): Readonly<Record<string, Panels>> =>
  plan.targets.some(({ pointInTime }) => pointInTime) ? { [row]: panels } : {};

/** The row of all targets whose log is kept; none where the plan has no such target. */
export const fleetLogRow = (context: DashboardContext) => where(context, perTarget());

/** The row of one target. */
export const targetLogRow = (context: DashboardContext) =>
  where(context, [bar('instants', 4), ...tiles(), ...course()]);
