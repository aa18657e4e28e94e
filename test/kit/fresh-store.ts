import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Store } from '../../runtime/src/store/store.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';

/** Hands over a new, empty store before each test of the file or block that calls it. */
export const beforeEachStore = (
  use: (store: Store) => void,
  start: () => Promise<StoreFixture> = startDirectory,
): void => {
  let fixture: StoreFixture;
  beforeAll(async () => {
    fixture = await start();
  }, 60_000);
  afterAll(() => fixture.stop());
  beforeEach(async () => use(await fixture.open()));
};
