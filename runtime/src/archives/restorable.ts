import type { Entries } from '../core/entries.ts';
import type { App } from '../session/app.ts';
import type { Believed } from './authentic.ts';
import type { Manifest } from './manifest.ts';
import { readEntries } from './read.ts';

/** Data that can be restored, and what is known of it: an archive, or an instant that was recovered. */
export interface Restorable {
  /** Where it comes from, for people. */
  readonly key: string;
  readonly manifest: Pick<Manifest, 'engine' | 'target' | 'server' | 'sourceBytes' | 'fingerprint'>;
  /** Its entries, from the beginning at each call. */
  readonly open: (label: string) => Entries;
}

/** An archive as what it holds. */
export const restorable = (app: App, archive: Believed): Restorable => ({
  key: archive.key,
  manifest: archive.manifest,
  open: (label) => readEntries(app, archive, label),
});
