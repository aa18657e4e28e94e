import fc from 'fast-check';
import { tiers, type Tier } from '../../runtime/src/archives/layout.ts';
import { recordedCommands } from '../../runtime/src/runs/records.ts';
import { plants } from './planted.ts';

/** Times are seconds before the first look at the store: below 0 for what is ahead of its clock. */
interface Timed {
  readonly ago: number;
  /** True for what comes between the first look and the second. */
  readonly late: boolean;
}

/** An archive as a backup leaves it, and what verifications found since. */
export interface ArchiveEvent extends Timed {
  readonly kind: 'archive';
  readonly tier: Tier;
  readonly seconds: number;
  readonly archiveBytes: number;
  readonly verifications: readonly {
    readonly after: number;
    readonly level: 'deep' | 'drill';
    readonly ok: boolean;
    readonly seconds: number;
  }[];
}

/** A manifest that does not count; `how` is a name in test/kit/planted.ts. */
export interface PlantEvent extends Timed {
  readonly kind: 'plant';
  readonly how: string;
  readonly tier: 'daily' | 'weekly';
}

/** The record of a run; only those that the plan's key signed count. */
export interface RunEvent extends Timed {
  readonly kind: 'run';
  readonly command: (typeof recordedCommands)[number];
  readonly level: 'deep' | 'drill';
  readonly seconds: number;
  readonly failure: string | null;
  readonly signer: 'plan' | 'stranger' | 'nobody';
}

export interface LockEvent extends Timed {
  readonly kind: 'lock';
  readonly state: 'held' | 'expired' | 'dead' | 'released' | 'unreadable';
}

export type Event = ArchiveEvent | PlantEvent | RunEvent | LockEvent;

/** What happened to a target, as its store shows it, genuine and not. */
export interface History {
  readonly events: readonly Event[];
  readonly rpo: string;
  readonly rto: string;
  readonly schedule: string;
  /** Seconds between the two looks. */
  readonly pause: number;
}

const [minute, day] = [60, 86_400];

const ago = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 * 1440 }) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 * 1440 }) },
    { weight: 1, arbitrary: fc.integer({ min: -10, max: 0 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2 * 1440, max: 0 }) },
  )
  .map((minutes) => minutes * minute);

const timed = { ago, late: fc.boolean() };

const bytes = fc.oneof(fc.integer({ min: 900_000, max: 1_100_000 }), fc.integer({ min: 0, max: 10_000_000 }));

const level = fc.constantFrom('deep' as const, 'drill' as const);

const archive = fc.record({
  ...timed,
  kind: fc.constant('archive' as const),
  tier: fc.constantFrom(...(['daily', 'daily', 'daily', ...tiers] as const)),
  seconds: fc.integer({ min: 0, max: 7200 }),
  archiveBytes: bytes,
  verifications: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 30 * day }),
      level,
      ok: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 2000 }),
    }),
    { maxLength: 3 },
  ),
});

const plant = fc.record({
  ...timed,
  kind: fc.constant('plant' as const),
  how: fc.constantFrom(...Object.keys(plants)),
  tier: fc.constantFrom('daily' as const, 'weekly' as const),
});

const failures = [
  null,
  null,
  null,
  'lock.held',
  'lock.held',
  'store.full',
  'source.refused',
  'verification.failed',
  'drill.unavailable',
  'run.interrupted',
];

const run = fc.record({
  ...timed,
  kind: fc.constant('run' as const),
  command: fc.constantFrom(...(['backup', 'backup', 'verify', 'verify', ...recordedCommands] as const)),
  level,
  // below 0 where the clock was set back meanwhile
  seconds: fc.integer({ min: -100, max: 5000 }),
  failure: fc.constantFrom(...failures),
  signer: fc.constantFrom(...(['plan', 'plan', 'plan', 'plan', 'stranger', 'nobody'] as const)),
});

const lock = fc.record({
  ...timed,
  kind: fc.constant('lock' as const),
  state: fc.constantFrom(...(['held', 'expired', 'dead', 'released', 'unreadable'] as const)),
});

const event = fc.oneof(
  { weight: 4, arbitrary: archive },
  { weight: 2, arbitrary: plant },
  { weight: 6, arbitrary: run },
  { weight: 1, arbitrary: lock },
);

/** Daily archives, one a day until some time ago, off the minutes of other events. */
const nights = fc
  .tuple(fc.integer({ min: 0, max: 3 * 1440 }), fc.array(bytes, { maxLength: 9 }))
  .map(([newest, sizes]) =>
    sizes.map((archiveBytes, index): ArchiveEvent => ({
      kind: 'archive',
      ago: newest * minute + index * day + 30,
      late: false,
      tier: 'daily',
      seconds: 60,
      archiveBytes,
      verifications: [],
    })),
  );

const events = fc
  .tuple(nights, fc.uniqueArray(event, { selector: (each) => each.ago, maxLength: 14 }))
  .map((parts) => parts.flat());

/** No plan takes an RPO that is shorter than the pauses of its schedule. */
const objectives = fc.constantFrom(
  { schedule: '*/15 * * * *', rpo: '1h' },
  { schedule: '0 2 * * *', rpo: '24h' },
  { schedule: '0 2 * * *', rpo: '7d' },
  { schedule: '30 4 1 * *', rpo: '40d' },
);

export const history: fc.Arbitrary<History> = fc
  .tuple(
    objectives,
    fc.record({
      events,
      rto: fc.constantFrom('5m', '30m'),
      pause: fc.constantFrom(0, minute, 7 * minute, 3 * day, 3 * day),
    }),
  )
  .map(([objective, rest]) => ({ ...objective, ...rest }));
