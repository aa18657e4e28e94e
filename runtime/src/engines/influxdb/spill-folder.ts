import type { RunContext } from '../../core/context.ts';
import { makeFolder, removeFolder } from '../scratch-folder.ts';

/** A scratch folder that is made when it is first asked for. */
export interface SpillFolder {
  readonly path: () => Promise<string>;
  readonly remove: () => Promise<void>;
}

export const spillFolder = (context: RunContext): SpillFolder => {
  let made: Promise<string> | undefined;
  return {
    path: () => (made ??= makeFolder(context, 'influxdb-')),
    remove: async () => {
      if (made) await removeFolder(await made);
    },
  };
};
