import { isOfObject } from '../../archives/catalogue.ts';
import { messageOf } from '../../core/errors.ts';
import type { LogWork, SlotState } from '../../engines/engine-log.ts';
import type { Target } from '../../plan/schema.ts';
import { recorded } from '../../runs/recorded-run.ts';
import type { App } from '../../session/app.ts';
import { allBases } from '../../wal/bases.ts';
import { cover } from '../../wal/cover.ts';
import type { PieceName } from '../../wal/names.ts';
import { placeOf, type LogPlace } from '../../wal/place.ts';
import { listReceptions, readReception } from '../../wal/receptions.ts';
import { logOf, openLogSource, slotOf } from '../../wal/settings.ts';
import { readAllStored } from '../../wal/stored.ts';
import type { Release, WalStatus } from './result.ts';
import { keepIndexes } from '../../health/keep-index.ts';

type Stretch = WalStatus['stretches'][number];

const timesOf = (pieces: readonly PieceName[]): readonly string[] =>
  pieces.map(({ time }) => new Date(time).toISOString()).toSorted();

/** What is stored of one timeline, cut at its holes. */
const stretchesOf = (pieces: readonly PieceName[], log: LogWork): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  const [first] = pieces.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  for (let from = first?.from; first && from !== undefined;) {
    const { slices, end, hole } = cover(pieces, from);
    const times = timesOf(slices.map(({ of }) => of));
    stretches.push({
      system: first.system,
      timeline: first.timeline,
      from: log.formatPosition(from),
      to: log.formatPosition(end),
      objects: slices.length,
      firstAt: times[0] ?? '',
      lastAt: times.at(-1) ?? '',
    });
    from = hole?.to;
  }
  return stretches;
};

const slotText = (log: LogWork, { name, status, restart, safeBytes }: SlotState): WalStatus['slot'] => ({
  name,
  status,
  ...(restart !== undefined && { restart: log.formatPosition(restart) }),
  ...(safeBytes !== undefined && { safeBytes: Number(safeBytes) }),
});

/** A slot that no receiver follows any more makes the server keep its log for nobody. */
const leftOver = ({ name, pointInTime }: Target, { status }: SlotState): { readonly problem?: string } =>
  pointInTime || status === 'absent'
    ? {}
    : { problem: `the plan keeps no log of ${name}, and the slot is left: grill-backup wal release ${name}` };

/** How the slot stands; what is stored is told also while the server is away. */
const slotNow = async (app: App, target: Target, log: LogWork): Promise<WalStatus['slot']> => {
  const name = slotOf(app.plan, target);
  try {
    const state = await log.slotState(app.run, await openLogSource(app.run, target), name);
    return { ...slotText(log, state), ...leftOver(target, state) };
  } catch (error) {
    return { name, status: 'unknown', problem: messageOf(error) };
  }
};

/** Lives of a receiver that are told of. */
const mostReceptions = 10;

const receptionsOf = async (place: LogPlace): Promise<WalStatus['receptions']> => {
  const keys = (await listReceptions(place)).slice(-mostReceptions);
  const read = await Promise.all(
    keys.map((key) =>
      readReception(place, key).catch((error: unknown) => {
        if (!isOfObject(error)) throw error; // `check` names it
      }),
    ),
  );
  return read.flatMap((facts) => {
    if (!facts) return [];
    const { startedAt, host, endedAt, ended, pieces, events } = facts;
    return [{ startedAt, host, ...(endedAt && { endedAt, ended }), pieces, events }];
  });
};

const basesOf = async (app: App, name: string): Promise<WalStatus['bases']> =>
  (await allBases(app, name)).toReversed().map(({ store, key, manifest }) => {
    const { id, finishedAt, archiveBytes } = manifest;
    const { kind, incrementOf } = manifest.base;
    return {
      archive: key,
      store: store.location,
      id,
      kind,
      ...(incrementOf !== undefined && { incrementOf }),
      finishedAt,
      archiveBytes,
    };
  });

/** From when to when the log of a target is stored, with its gaps. @throws BackupError target.unknown, usage.invalid, store.* */
export const walStatus = async (app: App, name: string): Promise<WalStatus> => {
  const { target, log } = logOf(app.plan, name);
  const place = placeOf(app, name);
  const [stretches, gaps]: [Stretch[], WalStatus['gaps'][number][]] = [[], []];
  for (const stored of await readAllStored(place)) {
    const { system } = stored;
    for (const timeline of new Set(stored.pieces.map((piece) => piece.timeline)))
      stretches.push(
        ...stretchesOf(
          stored.pieces.filter((piece) => piece.timeline === timeline),
          log,
        ),
      );
    for (const { timeline, from, to } of stored.gaps)
      gaps.push({ system, timeline, from: log.formatPosition(from), to: log.formatPosition(to) });
  }
  return {
    target: name,
    store: place.store.location,
    slot: await slotNow(app, target, log),
    stretches,
    gaps,
    bases: await basesOf(app, name),
    receptions: await receptionsOf(place),
  };
};

/**
 * Drops the slot of a target on the server, also where the plan keeps its log no more. What is stored stays. Recorded as a
 * run: it gives up log that is not stored.
 * @throws BackupError log.busy while a receiver follows it
 */
export const release = async (
  app: App,
  name: string,
  confirm: (text: string) => Promise<boolean>,
): Promise<Release> => {
  const { target, log } = logOf(app.plan, name);
  const slot = slotOf(app.plan, target);
  const source = await openLogSource(app.run, target);
  const { status: before } = await log.slotState(app.run, source, slot);
  const question = `Slot ${slot} (${before}) of ${name} is dropped: the server removes log that is not stored yet. What is stored stays.`;
  const released = before !== 'absent' && (await confirm(question));
  const recording = { command: 'release', target: name, lock: false, figures: { slot, before } } as const;
  if (released)
    await recorded(app, { ...recording, keepIndexes, summarise: () => ({ figures: {} }) }, ({ run }) =>
      log.dropSlot(run, source, slot),
    );
  return { target: name, slot, before, released };
};
