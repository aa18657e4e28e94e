import { find, type Cluster } from '../pod/cluster.ts';
import { startPod } from '../pod/pod.ts';

/** A Job of the demo's cluster: the pod of a CronJob, as a process. */
export interface JobRun {
  readonly name: string;
  readonly startedAt: string;
  /** What its pod printed so far. */
  log: string;
  /** Absent while it goes on. */
  ended?: { readonly at: string; readonly ok: boolean };
}

export interface Jobs {
  readonly find: (name: string) => JobRun | undefined;
  /** Starts what a CronJob runs. @throws Error where there is no such CronJob */
  readonly start: (name: string, cronJob: string) => JobRun;
  /** Ends those that go on, and waits for them. */
  readonly stop: () => Promise<void>;
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`; // as the API server writes times

/** Jobs of a cluster. None is tried again. */
export const openJobs = (cluster: () => Cluster): Jobs => {
  const runs = new Map<string, { readonly run: JobRun; readonly end: Promise<void> }>();
  const stopping = new AbortController();
  const play = async (run: JobRun, cronJob: string): Promise<void> => {
    const { metadata, ...rest } = find(cluster(), 'CronJob', cronJob);
    const follow = (text: string): void => void (run.log += text);
    try {
      const pod = await startPod(cluster(), { ...rest, metadata: { ...metadata, name: run.name } });
      await pod.initialize(stopping.signal);
      await pod.exec(pod.command, stopping.signal, { follow });
      run.ended = { at: now(), ok: true };
    } catch {
      run.ended = { at: now(), ok: false }; // its log says why
    }
  };
  return {
    find: (name) => runs.get(name)?.run,
    start: (name, cronJob) => {
      find(cluster(), 'CronJob', cronJob);
      const run: JobRun = { name, startedAt: now(), log: '' };
      runs.set(name, { run, end: play(run, cronJob) });
      return run;
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([...runs.values()].map(({ end }) => end));
    },
  };
};
