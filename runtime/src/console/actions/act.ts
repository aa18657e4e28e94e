import type { Right } from '../auth/access.ts';
import { rights } from '../auth/access.ts';
import type { Caller } from '../auth/caller.ts';
import type { Console } from '../server/web.ts';
import { startJob, type StartedJob } from './jobs.ts';

/** A run that somebody may start: a Job of a CronJob. */
export interface Action {
  /** As the audit trail says it. */
  readonly what: string;
  /** @default all targets */
  readonly target?: string | undefined;
  readonly cronJob: string;
  /** Needed besides that of creating Jobs. */
  readonly right: Right;
}

/** Starts a run in the name of the caller, and says so in the audit trail. @throws BackupError `access.refused`, `cluster.*` */
export const act = async (
  { access, cluster, trail }: Console,
  caller: Caller,
  { what, target, cronJob, right }: Action,
  key: string,
): Promise<StartedJob> => {
  await access.demand(caller, rights.start);
  await access.demand(caller, right);
  const started = await startJob(cluster, caller, cronJob, key);
  if (started.created)
    await trail.done({ who: caller.name, what, target, figures: { job: started.job, via: caller.via } });
  return started;
};
