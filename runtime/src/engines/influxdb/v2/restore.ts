import type { RunContext } from '../../../core/context.ts';
import type { Entries, Restored, RestoreRequest } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { restoreBeside } from './beside.ts';
import { isFresh, restoreFull } from './full.ts';

/** A server fresh from its setup is replaced as a whole, any other bucket by bucket; so are single buckets everywhere. */
export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const full = request.mode === 'replace' && !request.only && (await isFresh(context, source));
  return (full ? restoreFull : restoreBeside)(context, source, asOf, entries, request);
};
