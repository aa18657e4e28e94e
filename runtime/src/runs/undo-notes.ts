import { printable } from '../core/printable.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { listed } from '../store/listed.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import type { Store } from '../store/store.ts';

/** How data that a restore replaced comes back: `undo/<target>/<stamp>.json` in the primary store. */
export interface UndoNote {
  readonly format: 1;
  readonly target: string;
  /** Key of the archive that was restored. */
  readonly archive: string;
  readonly writtenAt: string;
  /** Where the replaced data is. */
  readonly kept: string;
  /** Command that brings it back; it asks for the password. */
  readonly undo: string;
}

const folderOf = (target: string): string => `undo/${target}/`;

/** Written before the data goes, so that a restore that is killed right after it leaves the way back. */
export const writeUndo = (store: Store, note: UndoNote, suffix: string): Promise<unknown> =>
  store.put(
    `${folderOf(note.target)}${suffix}.json`,
    () => oneChunk(`${printable(JSON.stringify(note, null, 2))}\n`),
    {
      replace: true,
    },
  );

/** For the day on which what they bring back is removed. */
export const removeUndoNotes = async (store: Store, target: string): Promise<void> => {
  for (const { key } of await listed(store, folderOf(target))) await removeUnlessLocked(store, key);
};
