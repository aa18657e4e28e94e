/** Environment of the pods of an Indexed Job, which share the targets of one run. */
export const partVariables = {
  /** From 0. Kubernetes sets it: https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode */
  index: 'JOB_COMPLETION_INDEX',
  /** Number of pods. Absent where one pod does all. */
  count: 'BACKUP_PARTS',
  /** UID of the Job: a name may come again, and reports of two runs must not be taken for one. */
  run: 'BACKUP_RUN',
} as const;

/** Label of every pod of a Job, which has the UID; since Kubernetes 1.27. */
export const runLabel = 'batch.kubernetes.io/controller-uid';
