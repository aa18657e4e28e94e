import { archiveReader, type ArchiveReader, type ReaderOptions } from '../archives/known.ts';
import type { App } from '../session/app.ts';
import type { Store } from '../store/store.ts';

/**
 * Readers of archives that changed. With an index none remembers a manifest: what is new then costs the index, and what it does
 * not know. Without one, all manifests are remembered.
 */
export const changesReader = (app: App, store: Store, options?: ReaderOptions): (() => ArchiveReader) => {
  const open = () => archiveReader(app, store, options);
  const lasting = open();
  return app.keys ? open : () => lasting;
};
