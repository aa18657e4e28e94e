import { underLock } from '../../runs/lock.ts';
import { pieceCiphers, type PieceCiphers } from '../../wal/piece.ts';
import { placeOf, type LogPlace } from '../../wal/place.ts';
import { rewritingLock } from '../../wal/names.ts';
import { readAllStored, type StoredLog } from '../../wal/stored.ts';
import { rekeyHours } from './rekey-hours.ts';
import { rekeyGaps, rekeyHistories, rekeyReceptions } from './rekey-records.ts';
import type { LogRekeying } from './log-rekeying.ts';
import type { Rekeying } from './rekeying.ts';
import type { Rekeyed } from './result.ts';
import { tally } from './tally.ts';

const rekeySystem = async (work: LogRekeying, stored: StoredLog): Promise<void> => {
  await rekeyHistories(work, stored);
  await rekeyGaps(work, stored);
  for (const timeline of [...new Set(stored.pieces.map((piece) => piece.timeline))].toSorted((a, b) => a - b))
    await rekeyHours(work, stored, timeline);
};

const rekeyAll = async (work: LogRekeying): Promise<readonly Rekeyed[]> => {
  for (const stored of await readAllStored(work.place)) await rekeySystem(work, stored);
  await rekeyReceptions(work);
  return work.tally.rows();
};

/** Nothing is derived before the first piece is sealed: a rekey that finds nothing costs none. */
const ciphersOf = (place: LogPlace): PieceCiphers => {
  let ciphers: PieceCiphers | undefined;
  return () => (ciphers ??= pieceCiphers(place))();
};

/**
 * Rewrites the log of a target: each object is stored under the first key before the old one goes, so that all of it is there at
 * every instant. The receiver goes on meanwhile; only its compaction waits.
 */
export const rekeyLog = async (rekeying: Rekeying): Promise<readonly Rekeyed[]> => {
  const { app, target, dryRun } = rekeying;
  const place = placeOf(app, target.name);
  const work = {
    ...rekeying,
    place,
    ciphers: ciphersOf(place),
    tally: tally(rekeying, place.store.location),
  };
  if (dryRun) return rekeyAll(work);
  const lock = { store: place.store, name: rewritingLock(target.name), command: 'rekey' };
  return underLock(app.run, lock, (run) => rekeyAll({ ...work, app: { ...app, run } }));
};
