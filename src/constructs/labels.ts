/** Pods, Jobs and objects of the backup system; NetworkPolicies and `kubectl -l` select by these. */
export const systemLabels = {
  'app.kubernetes.io/component': 'backup',
  'app.kubernetes.io/part-of': 'grill-stats',
} as const;

const nameLabel = 'app.kubernetes.io/name';

/** Labels of one workload: the system's, and its name. */
export const labelsOf = (name: string): Record<string, string> => ({ [nameLabel]: name, ...systemLabels });

/** Pods of one workload. */
export const podsOf = (name: string) => ({ matchLabels: labelsOf(name) });

/** Pods of any of several workloads. */
export const podsOfAny = (workloads: readonly string[]) => ({
  matchLabels: systemLabels,
  matchExpressions: [{ key: nameLabel, operator: 'In', values: [...workloads] }],
});
