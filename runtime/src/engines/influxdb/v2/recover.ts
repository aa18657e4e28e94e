import type { RunContext } from '../../../core/context.ts';
import { mustExist } from '../../../core/must-exist.ts';
import { callText, type InfluxdbSource } from '../http.ts';
import type { Leftover } from '../../engine.ts';
import { keptName, leftoverOf, restoredName } from '../leftover-names.ts';
import { shown } from '../shown.ts';
import { unfinishedMark } from './restore-beside.ts';
import { listAll, type LiveBucket } from './buckets.ts';
import { finishRepointing } from './dbrps.ts';
import { patchBucket, resumeRetention } from './retention.ts';

const failure = 'restore.failed';

const isUnfinished = ({ name, description }: LiveBucket): boolean =>
  leftoverOf(name)?.kind === 'unfinished' && description === unfinishedMark;

/** Buckets that restores left. */
export const leftovers = async (
  context: RunContext,
  source: InfluxdbSource,
): Promise<readonly Leftover[]> => {
  const buckets = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const remove = (id: string) => async (): Promise<void> => {
    await callText(context, source, { method: 'DELETE', path: `/api/v2/buckets/${id}`, failure });
  };
  return buckets.flatMap((bucket): Leftover[] => {
    const kind = isUnfinished(bucket) ? 'unfinished' : leftoverOf(bucket.name)?.kind;
    if (kind === undefined || (kind === 'unfinished' && !isUnfinished(bucket))) return [];
    return [{ name: `bucket ${shown(bucket.name)}`, kind, remove: remove(bucket.id) }];
  });
};

/** A restore that was killed between two names: the live bucket gets its name back. */
const renameBack = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  const buckets = await listAll<LiveBucket>(context, source, 'buckets', failure);
  for (const { name, orgID } of buckets.filter(isUnfinished)) {
    const live = mustExist(leftoverOf(name), 'name of the live bucket').of;
    const kept = keptName(live, name.slice(restoredName(live, '').length));
    const ofOrganization = buckets.filter((bucket) => bucket.orgID === orgID);
    const old = ofOrganization.find((bucket) => bucket.name === kept);
    if (!old || ofOrganization.some((bucket) => bucket.name === live)) continue;
    await patchBucket(context, source, old.id, { name: live });
    context.log.warn({ bucket: live }, 'gave a bucket its name back, which a killed restore had changed');
  }
};

/** Puts right what a killed restore left: retention, DBRP mappings, buckets that nobody needs. */
export const recover = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  await resumeRetention(context, source);
  await finishRepointing(context, source);
  await renameBack(context, source);
  for (const { name, kind, remove } of await leftovers(context, source))
    if (kind === 'unfinished') {
      await remove();
      context.log.warn({ name }, 'a killed restore left this; it was removed');
    }
};
