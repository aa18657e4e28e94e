import type { Engine, RestoreScope } from '../../engines/engine.ts';

/** What a restore is asked to do, as far as live data is concerned. */
interface Intended extends RestoreScope {
  readonly test: boolean;
  readonly dataDirectory?: string | undefined;
}

/** Of live data that goes: how it can come back. */
export const saved = ({ restoresBeside }: Engine): string =>
  restoresBeside ? 'the old data is kept' : 'a safety backup is taken before';

/** What happens to the live data, for people. */
export const effectOf = (engine: Engine, { test, only, into, merge, dataDirectory }: Intended): string => {
  if (dataDirectory) return 'a data directory for a new server is written; no server is touched';
  if (test) return 'live data is not touched';
  if (into) return `restored beside the live data, which is not touched, as ${into}, which must be new`;
  const parts = only?.join(', ');
  if (merge)
    return `${parts ?? 'all of the archive'} is written over what is live; nothing is removed; ${saved(engine)}`;
  if (parts) return `only ${parts} is replaced, the rest of the live data is left alone; ${saved(engine)}`;
  return engine.restoresBeside
    ? 'restored beside the live data, compared, then swapped; the old data is kept'
    : 'live data is replaced, after a safety backup of it';
};
