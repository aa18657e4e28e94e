import type { z } from 'zod';
import { duration, formatSeconds, parseDuration } from '../core/units.ts';
import { engines } from '../engines/registry.ts';
import { longestGapSeconds, spreadableCron } from './cron.ts';
import { incrementsOf, draftOfIncrements } from './increments.ts';
import { defaultSlot, longestSlotName } from './point-in-time.ts';
import { spread } from './spread.ts';

type Context = z.core.$RefinementCtx;

/** What is known of a plan while other parts of it may still be wrong. */
interface Draft {
  readonly environment?: unknown;
  readonly encryption?: { readonly enabled?: unknown };
  readonly targets?: unknown;
}

type DraftTarget =
  | {
      readonly name?: unknown;
      readonly engine?: unknown;
      readonly schedule?: unknown;
      readonly rpo?: unknown;
      readonly drill?: unknown;
      readonly pointInTime?: unknown;
      readonly parts?: unknown;
      readonly increments?: unknown;
    }
  | null
  | undefined;

const report = (context: Context, path: PropertyKey[], message: string, hint: string): void =>
  context.addIssue({ code: 'custom', path, message, params: { hint } });

const checkNames = (targets: readonly DraftTarget[], context: Context): void => {
  const firstOf = new Map<unknown, number>();
  targets.forEach((target, index) => {
    const first = firstOf.get(target?.name);
    if (target?.name === undefined) return;
    if (first === undefined) firstOf.set(target.name, index);
    else
      report(
        context,
        ['targets', index, 'name'],
        'expected a unique name',
        `targets[${first}] has the same name`,
      );
  });
};

/**
 * When a target runs, if that is a schedule that fires, at minute and hour 0 where they are single ones: shifting
 * every run by as much changes no time between two, and a thousand spread targets are as quick to judge as one.
 */
const rhythmOf = (target: DraftTarget, cron: unknown): string | undefined => {
  const schedule = spreadableCron.safeParse(cron).data;
  return (
    schedule &&
    spread(schedule, String(target?.name)).replace(/^\d+ (\d+ )?/, (_, hour) => (hour ? '0 0 ' : '0 '))
  );
};

/** When a target is backed up between the nights, as far as its increments are valid. */
const hourlyOf = (target: DraftTarget): unknown => {
  const { data } = draftOfIncrements.safeParse(target);
  const found = data && incrementsOf(data);
  return found ? found.schedule : undefined;
};

/** The shorter of the two times between two backups, where both are known. */
const shortest = (gaps: readonly (number | undefined)[]): number | undefined =>
  gaps.reduce(
    (least, gap) => (least === undefined || (gap !== undefined && gap < least) ? gap : least),
    undefined,
  );

/** The longest time between two runs, worked out once for all targets that share a schedule. */
const gapsOf = (schedules: readonly (string | undefined)[]): ReadonlyMap<unknown, number> =>
  new Map(
    [...new Set(schedules)].flatMap((schedule) =>
      schedule ? [[schedule, longestGapSeconds(schedule)]] : [],
    ),
  );

/** An objective that the schedule cannot keep would raise an alert between any two runs, unless it is kept by the log. */
const checkRpos = (targets: readonly DraftTarget[], context: Context): void => {
  const schedules = targets.map((target) => rhythmOf(target, target?.schedule));
  const hourly = targets.map((target) => rhythmOf(target, hourlyOf(target)));
  const gaps = gapsOf([...schedules, ...hourly]);
  targets.forEach((target, index) => {
    if (target?.pointInTime !== undefined) return;
    const own = gaps.get(schedules[index]);
    const gapSeconds = own === undefined ? undefined : shortest([own, gaps.get(hourly[index])]);
    const rpo = duration.safeParse(target?.rpo).data;
    if (gapSeconds === undefined || rpo === undefined || gapSeconds <= parseDuration(rpo)) return;
    const allowed = `expected at least ${formatSeconds(gapSeconds).replaceAll(' ', '')}, the longest time between two runs`;
    report(context, ['targets', index, 'rpo'], allowed, 'or run it more often');
  });
};

/** A drill on the server that is named would put the archive in the place of its live data. */
const checkDrills = (targets: readonly DraftTarget[], context: Context): void =>
  targets.forEach((target, index) => {
    const engine = engines[String(target?.engine)];
    if (target?.drill === undefined || !engine?.liveDataOnly) return;
    report(
      context,
      ['targets', index, 'drill'],
      `${engine.title} cannot restore beside its live data for a drill`,
      'remove it; the drill starts a server inside its own pod, from the job image',
    );
  });

const noLog = (title: string): readonly [string, string] => {
  const withLog = Object.values(engines).filter(({ log }) => log);
  return [
    `${title} has no log that can be followed`,
    `remove it; only ${withLog.map((engine) => engine.title).join(', ')} has one`,
  ];
};

const namesSlot = (pointInTime: unknown): boolean =>
  typeof pointInTime === 'object' && pointInTime !== null && 'slot' in pointInTime;

const checkLogs = (targets: readonly DraftTarget[], environment: unknown, context: Context): void =>
  targets.forEach((target, index) => {
    const { name, pointInTime } = target ?? {};
    const engine = engines[String(target?.engine)];
    if (pointInTime === undefined || !engine) return;
    const path = ['targets', index, 'pointInTime'];
    if (!engine.log) return report(context, path, ...noLog(engine.title));
    const slot = defaultSlot(String(environment), String(name));
    if (namesSlot(pointInTime) || slot.length <= longestSlotName) return;
    report(context, [...path, 'slot'], `expected a name, as ${slot} is too long for one`, 'add it');
  });

/** Parts need an engine that proves what did not change. */
const checkParts = (targets: readonly DraftTarget[], context: Context): void =>
  targets.forEach((target, index) => {
    const engine = engines[String(target?.engine)];
    if (target?.parts === undefined || target.parts === false || !engine || engine.parts) return;
    const withParts = Object.values(engines).filter(({ parts }) => parts);
    report(
      context,
      ['targets', index, 'parts'],
      `${engine.title} cannot tell what did not change`,
      `remove it; only ${withParts.map(({ title }) => title).join(', ')} can`,
    );
  });

/** An archive in one file would be a whole one, every hour; and so would parts of a database that has to be read for them. */
const checkIncrements = (targets: readonly DraftTarget[], context: Context): void =>
  targets.forEach((target, index) => {
    const { increments, parts } = target ?? {};
    const engine = engines[String(target?.engine)];
    if (typeof increments !== 'object' || !engine) return;
    const path = ['targets', index, 'increments'];
    if (!engine.parts?.isProved)
      report(context, path, `${engine.title} reads everything to tell what did not change`, 'remove it');
    else if (parts !== true)
      report(context, path, 'expected parts: true, as each of them would store everything', 'add it');
  });

/** Rules that span fields. Run with `always`, also where single fields failed, so that all problems show at once. */
export const checkPlan = (input: unknown, context: Context): void => {
  const { environment, encryption, targets } = input as Draft;
  if (environment === 'prod' && encryption?.enabled === false)
    report(context, ['encryption', 'enabled'], 'encryption cannot be off in prod', 'set it to true');
  const list: readonly DraftTarget[] = Array.isArray(targets) ? targets : [];
  checkNames(list, context);
  checkRpos(list, context);
  checkDrills(list, context);
  checkLogs(list, environment, context);
  checkParts(list, context);
  checkIncrements(list, context);
};

/** Params of a refinement that runs although other problems were found. */
export const always = {
  when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null,
};
