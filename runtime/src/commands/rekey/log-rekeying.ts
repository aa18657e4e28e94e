import { lockOf } from '../../archives/remove.ts';
import type { Key } from '../../crypto/key-ring.ts';
import { checkOf, type Signed } from '../../crypto/signature.ts';
import { removeOrWhy } from '../../store/remove.ts';
import type { PieceCiphers } from '../../wal/piece.ts';
import type { LogPlace } from '../../wal/place.ts';
import { failedAs, type Rekeying } from './rekeying.ts';
import type { Tally } from './tally.ts';

/** What a rekey of a log works with. */
export interface LogRekeying extends Rekeying {
  readonly place: LogPlace;
  readonly ciphers: PieceCiphers;
  readonly tally: Tally;
}

/** The key that signed a record, where it is not the first one. */
export const oldSigner = async (
  { keys }: LogRekeying,
  { key }: Signed,
): Promise<Pick<Key, 'id'> | undefined> => (key?.check === (await checkOf(keys[0])) ? undefined : key);

/** Removes an object whose content is stored under the first key, and notes what became of it. */
export const removeOld = async (
  { app, place, dryRun, tally }: LogRekeying,
  folder: string,
  key: string,
  madeBy: Pick<Key, 'id'> | undefined,
): Promise<void> => {
  const kept = await (dryRun ? lockOf(place.store, key, app.run.now()) : removeOrWhy(place.store, key));
  tally.add(folder, madeBy, kept === undefined ? {} : { kept });
};

/** Does a step with one object; where that is damaged or gone, it is noted, and the others are gone on with. */
export const noting = async <T>(
  { app, tally }: LogRekeying,
  folder: string,
  step: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await step();
  } catch (error) {
    tally.add(folder, undefined, { failed: failedAs(app, error) });
    return undefined;
  }
};
