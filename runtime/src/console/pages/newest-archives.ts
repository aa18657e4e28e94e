import type { CountedArchive } from '../../health/archives-state.ts';

/** Archives that a page has room for; the API pages through all. */
const mostOnPage = 60;

/** The newest of them, the newest first. @param archives oldest first */
export const newestArchives = (archives: readonly CountedArchive[]): readonly CountedArchive[] =>
  archives.slice(-mostOnPage).reverse();
