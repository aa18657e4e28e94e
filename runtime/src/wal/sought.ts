import { BackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import { sum } from '../core/sum.ts';
import type { BaseWork, LogTarget, RecoveryInput } from '../engines/engine-base.ts';
import type { Engine } from '../engines/engine.ts';
import type { Target } from '../plan/schema.ts';
import { engineOf, type App } from '../session/app.ts';
import { factsOf } from './base-manifest.ts';
import { allBases, baseEntries, type Base, type WholeBase } from './bases.ts';
import { placeOf } from './place.ts';
import { openLogReader, type OpenedLog } from './reader.ts';
import { logOf } from './settings.ts';

/** An instant of the log that is looked for. */
export interface Sought {
  readonly target: Target;
  readonly engine: Engine;
  readonly work: BaseWork;
  readonly log: NonNullable<Engine['log']>;
  readonly until: LogTarget;
}

/** @throws BackupError usage.invalid for an engine without a log */
export const seek = (app: App, target: Target, until: LogTarget): Sought => {
  const engine = engineOf(target);
  const { log } = logOf(app.plan, target.name);
  return { target, engine, work: mustExist(engine.bases, 'bases of an engine with a log'), log, until };
};

/** For people. */
export const inWords = (until: LogTarget): string => {
  if (until === 'latest') return 'the newest instant';
  if ('time' in until) return until.time.toISOString();
  if ('position' in until) return until.position;
  return 'beforePosition' in until
    ? `just before ${until.beforePosition}`
    : `just before transaction ${until.beforeTransaction}`;
};

/** The position that an instant is given by; undefined for another kind of instant. @throws BackupError usage.invalid */
const positionOf = ({ log, until }: Sought): bigint | undefined => {
  if (until === 'latest' || 'time' in until || 'beforeTransaction' in until) return undefined;
  const text = 'position' in until ? until.position : until.beforePosition;
  const position = log.parsePosition(text);
  if (position === undefined) throw new BackupError('usage.invalid', `${text} is not a position of the log`);
  return position;
};

/** Whether a recovery of the base may stop at the instant: it is whole by then. */
const isBefore = (sought: Sought, { manifest }: Base): boolean => {
  const { until } = sought;
  if (until !== 'latest' && 'time' in until) return Date.parse(manifest.finishedAt) <= until.time.getTime();
  const position = positionOf(sought);
  return position === undefined || factsOf(manifest).end <= position;
};

/** Bases that the instant can be recovered from, newest first. @throws BackupError archive.unknown, log.unreached */
export const candidatesOf = async (app: App, sought: Sought): Promise<readonly WholeBase[]> => {
  const { name } = sought.target;
  const bases = await allBases(app, name);
  const oldest = bases.at(-1);
  if (!oldest)
    throw new BackupError(
      'archive.unknown',
      `no base of ${name} is stored; take one: grill-backup base ${name}`,
    );
  const found = bases.filter((base) => isBefore(sought, base));
  if (found.length === 0)
    throw new BackupError(
      'log.unreached',
      `${inWords(sought.until)} is before the oldest base of ${name}, which was whole at ${oldest.manifest.finishedAt}`,
    );
  return found;
};

export const openLog = (app: App, { target, log }: Sought, { manifest }: Base): Promise<OpenedLog> => {
  const { system, timeline, start } = factsOf(manifest);
  return openLogReader(placeOf(app, target.name), log, { system, timeline, from: start });
};

/** @throws BackupError log.unreached, which names the newest instant before the hole, or the end */
export const assertReached = (
  sought: Sought,
  { manifest }: Base,
  { end, endTime, hole }: OpenedLog,
): void => {
  const { until, log } = sought;
  const why = hole ? `, where a hole begins that ends at ${log.formatPosition(hole.to)}` : '';
  const ends = `the stored log reaches ${endTime.toISOString()}, ${log.formatPosition(end)}${why}`;
  if (end < factsOf(manifest).end)
    throw new BackupError('log.unreached', `the newest base is not whole yet: ${ends}`);
  const isReached =
    until !== 'latest' && 'time' in until ? until.time <= endTime : (positionOf(sought) ?? end) <= end;
  if (!isReached) throw new BackupError('log.unreached', `${inWords(until)} is not stored: ${ends}`);
};

/** Layers lie beside what they become, which is at most as large as all of them. */
const roomFor = ({ manifest, before }: WholeBase): number => {
  const layers = sum(
    [...before.map((base) => base.manifest), manifest].map(({ sourceBytes }) => sourceBytes),
  );
  return before.length === 0 ? layers : 2 * layers;
};

/** @param opened the base's log. @default it is opened. @throws BackupError log.unreached */
export const inputOf = async (
  app: App,
  sought: Sought,
  base: WholeBase,
  opened?: OpenedLog,
): Promise<RecoveryInput> => {
  const { manifest } = base;
  const log = opened ?? (await openLog(app, sought, base));
  assertReached(sought, base, log);
  const { server, target } = manifest;
  const entriesOf = (each: Base) => baseEntries(app, each, `recover ${target}`);
  return {
    entries: entriesOf(base),
    before: base.before.map(entriesOf),
    facts: factsOf(manifest),
    server,
    sourceBytes: roomFor(base),
    log,
  };
};
