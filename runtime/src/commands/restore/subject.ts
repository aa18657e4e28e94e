import type { App } from '../../session/app.ts';
import type { Ready } from '../../wal/recovered.ts';

/** What is restored, before it was made ready. */
export interface Subject {
  /** An archive is ready, an instant is recovered first. `close` always. */
  readonly ready: (app: App) => Promise<Ready>;
  /** Reads every byte, for engines that have to give up the live data before. @default making it ready proves it */
  readonly prove?: (app: App) => Promise<void>;
  /** Writes an instant as a data directory, instead of making it ready. */
  readonly write?: (app: App, folder: string) => Promise<void>;
}
