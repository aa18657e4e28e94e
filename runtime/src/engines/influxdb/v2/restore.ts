import type { RunContext } from '../../../core/context.ts';
import type { Entries, Restored, RestoreRequest } from '../../engine.ts';
import { makeFolder, removeFolder } from '../../scratch-folder.ts';
import type { Header2 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { restoreBeside } from './restore-beside.ts';
import { isFresh } from './fresh.ts';
import { assertOpens, restoreFull } from './full.ts';
import { peek } from './kv.ts';
import { scratchName } from './scratch.ts';

/** A server fresh from its setup is replaced as a whole, any other bucket by bucket; so are single buckets everywhere. */
export const isWhole = async (
  context: RunContext,
  source: InfluxdbSource,
  { mode, only }: RestoreRequest,
): Promise<boolean> => mode === 'replace' && !only && isFresh(context, source);

const untried =
  'the backup holds hashes of its tokens only, so no scratch server can be opened with it: buckets were restored; users, tokens, tasks and dashboards were not tested';

/** The key-value store waits in a file until it is known that the restored server can be opened. */
const restoreWhole = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const folder = await makeFolder(context, 'influxdb-');
  try {
    const peeked = await peek(entries, folder, source.credentials.token);
    if (source.name === scratchName && !peeked.opens) {
      const { fingerprint } = await restoreBeside(context, source, header, peeked.entries, request);
      return { fingerprint, notes: [untried] };
    }
    assertOpens(peeked.opens);
    return await restoreFull(context, source, header, peeked, request);
  } finally {
    await removeFolder(folder);
  }
};

export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> =>
  ((await isWhole(context, source, request)) ? restoreWhole : restoreBeside)(
    context,
    source,
    header,
    entries,
    request,
  );
