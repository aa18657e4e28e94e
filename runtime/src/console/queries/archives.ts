import { believeNamed } from '../../archives/read.ts';
import { readArchive } from '../../archives/catalogue.ts';
import { fileName } from '../../archives/layout.ts';
import { asideRow, countedRow } from '../../commands/list/list.ts';
import type { Listed } from '../../commands/list/result.ts';
import type { Shown } from '../../commands/show/result.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import type { TargetState } from '../../health/target-state.ts';
import { allStores } from '../../session/app.ts';
import { heldForever, type Store } from '../../store/store.ts';
import type { Console } from '../server/web.ts';

/** What of the archives is wanted. */
export interface ArchiveFilter {
  readonly tier?: Listed['tier'] | undefined;
  /** True: those that passed a verification; false: the others. */
  readonly verified?: boolean | undefined;
  /** Archive that the page before ended with. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface ArchivePage {
  readonly archives: readonly Listed[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

const fits =
  ({ tier, verified }: ArchiveFilter) =>
  (row: Listed): boolean =>
    (tier === undefined || row.tier === tier) &&
    (verified === undefined || (row.verifiedAt !== undefined) === verified);

/** Rows after one; none after what is not there, as a page of archives that were removed meanwhile would begin again. */
const following = (rows: readonly Listed[], after: string | undefined): readonly Listed[] => {
  if (after === undefined) return rows;
  const index = rows.findIndex(({ archive }) => archive === after);
  return index < 0 ? [] : rows.slice(index + 1);
};

/** Archives of a target in the primary store, those that were set aside first, then newest first. Pure. */
export const archivePage = (
  { target, archives, setAside }: Pick<TargetState, 'target' | 'archives' | 'setAside'>,
  store: string,
  filter: ArchiveFilter,
): ArchivePage => {
  const place = { target: target.name, store };
  const rows = [
    ...setAside.map((broken) => asideRow(place, broken)),
    ...archives.map((counted) => countedRow(place, counted)).toReversed(),
  ].filter(fits(filter));
  const wanted = following(rows, filter.after);
  const page = wanted.slice(0, filter.limit);
  const last = page.at(-1);
  return { archives: page, ...(last && wanted.length > page.length && { next: last.archive }) };
};

/** An archive in a store. */
export interface Copy {
  readonly store: string;
  /** Absent where the store could not be asked. */
  readonly present?: boolean;
  /** Object Lock keeps it until then, or for as long as its legal hold; absent where nothing does. */
  readonly lockedUntil?: string;
  /** Why the store could not be asked. */
  readonly problem?: string;
}

const copyIn = async (store: Store, key: string): Promise<Copy> => {
  try {
    const found = await store.head(key);
    const until = found?.lockedUntil;
    const words = until?.getTime() === heldForever.getTime() ? 'legal hold' : until?.toISOString();
    return { store: store.location, present: found !== undefined, ...(words && { lockedUntil: words }) };
  } catch (error) {
    return { store: store.location, problem: messageOf(error) };
  }
};

export interface ArchiveDetail {
  readonly shown: Shown;
  readonly copies: readonly Copy[];
}

/** Only what the state knows is asked of a store, whatever a request names. */
const keyOf = ({ target, archives, setAside }: TargetState, name: string): string => {
  const found = [...archives, ...setAside].find(({ key }) => fileName(key) === name);
  if (found) return found.key;
  throw new BackupError('archive.unknown', `target ${target.name} has no archive of this name`);
};

/** One archive: its manifest, read now, and where its file lies. @param name of its file. @throws BackupError `archive.unknown`, `manifest.damaged`, `store.*` */
export const archiveDetail = async (
  { app }: Pick<Console, 'app'>,
  state: TargetState,
  name: string,
): Promise<ArchiveDetail> => {
  const key = keyOf(state, name);
  const archive = await readArchive(app.stores.primary, key);
  const problem = await believeNamed(app, archive, state.target.name).then(() => undefined, messageOf);
  const copies = await Promise.all(allStores(app).map((store) => copyIn(store, key)));
  const { manifest } = archive.signed;
  const shown = { store: archive.store.location, archive: key, manifest };
  return { shown: problem === undefined ? shown : { ...shown, problem }, copies };
};
