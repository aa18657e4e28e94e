import type { Store } from '../../../runtime/src/store/store.ts';

/** A kind of store on its real medium. */
export interface StoreFixture {
  /** A new, empty store. */
  readonly open: () => Promise<Store>;
  /** What unfinished `put`s left on the medium, asked of the medium itself. */
  readonly leftovers: (store: Store) => Promise<readonly string[]>;
  /** Leaves what a `put` leaves that was killed. */
  readonly leave: (store: Store, key: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}
