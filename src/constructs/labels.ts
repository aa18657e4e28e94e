import { names } from '../../runtime/src/contract/names.ts';

/** A system's name in the label part-of, by which its objects and pods are selected. */
export interface Platform {
  readonly platform: string;
}

/** Pods, Jobs and objects of a backup system; NetworkPolicies and `kubectl -l` select by these. */
export const systemLabels = ({ platform }: Platform) => ({
  'app.kubernetes.io/component': 'backup',
  'app.kubernetes.io/part-of': platform,
});

export const nameLabel = 'app.kubernetes.io/name';

/** Labels of one workload: the system's, and its name. */
export const labelsOf = (system: Platform, name: string): Record<string, string> => ({
  [nameLabel]: name,
  ...systemLabels(system),
});

/** Of pods that need no volume, and so may be anywhere: those that need it must not follow them. */
export const noVolume = { [`${names.program}/volume`]: 'none' };

/** Selects the pods that need the volume; each of them has these labels itself. */
export const podsWithVolume = (system: Platform) => ({
  matchLabels: systemLabels(system),
  matchExpressions: Object.keys(noVolume).map((key) => ({ key, operator: 'DoesNotExist' })),
});

/** Pods of one workload. */
export const podsOf = (system: Platform, name: string) => ({ matchLabels: labelsOf(system, name) });

/** Pods of any of several workloads. */
export const podsOfAny = (system: Platform, workloads: readonly string[]) => ({
  matchLabels: systemLabels(system),
  matchExpressions: [{ key: nameLabel, operator: 'In', values: [...workloads] }],
});
