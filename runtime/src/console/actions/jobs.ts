import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Cluster } from '../../cluster/api.ts';
import { isBackupError } from '../../core/errors.ts';
import type { Caller } from '../auth/caller.ts';

/** What a CronJob says of its Jobs. Its template is passed on as it is: admission policies look at every field. */
const cronJobSchema = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  spec: z.object({
    jobTemplate: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
      spec: z.looseObject({}),
    }),
  }),
});

type CronJob = z.output<typeof cronJobSchema>;

/** A Job that was started. */
export interface StartedJob {
  readonly job: string;
  /** False where the same key started it before. */
  readonly created: boolean;
}

/** Bytes of a hash that tell Jobs of a CronJob apart: with its dash 11 letters, as many as the name of a CronJob leaves. */
const suffixBytes = 5;

/** The same for the same person, CronJob and key, so that a request that is sent again finds its Job. */
export const jobName = (cronJob: string, { name }: Pick<Caller, 'name'>, key: string): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([cronJob, name, key]))
    .digest('hex');
  return `${cronJob}-${hash.slice(0, 2 * suffixBytes)}`;
};

/** As `kubectl create job --from=cronjob/…` makes it. */
const jobOf = ({ metadata: owner, spec: { jobTemplate } }: CronJob, name: string, caller: Caller) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name,
    labels: jobTemplate.metadata.labels,
    annotations: {
      'cronjob.kubernetes.io/instantiate': 'manual',
      'grill-backup.io/started-by': caller.name,
    },
    ownerReferences: [
      // without blockOwnerDeletion, which would take a right on finalizers; as controller, so that the schedule waits for it
      { apiVersion: 'batch/v1', kind: 'CronJob', name: owner.name, uid: owner.uid, controller: true },
    ],
  },
  spec: jobTemplate.spec,
});

const folderOf = ({ namespace }: Cluster): string => `/apis/batch/v1/namespaces/${namespace}`;

/** Starts a Job of a CronJob in the name of the caller: what that person may not, the API server refuses. @throws BackupError `cluster.*`, `service.unknown` */
export const startJob = async (
  cluster: Cluster,
  caller: Caller,
  cronJob: string,
  key: string,
): Promise<StartedJob> => {
  const { as } = caller;
  const folder = folderOf(cluster);
  const found = await cluster.call({ method: 'GET', path: `${folder}/cronjobs/${cronJob}`, as });
  const job = jobName(cronJob, caller, key);
  const body = jobOf(cronJobSchema.parse(found), job, caller);
  try {
    await cluster.call({ method: 'POST', path: `${folder}/jobs`, body, as });
    return { job, created: true };
  } catch (error) {
    if (isBackupError(error, 'cluster.exists')) return { job, created: false };
    throw error;
  }
};
