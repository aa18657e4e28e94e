import { kubectl } from './kubectl.ts';

/** One step of a lane, with the time it took; a failure ends the lane. */
export const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
  const started = performance.now();
  const result = await work();
  console.log(`ok   ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return result;
};

/** A lane makes its namespace and deletes all that is in it. @throws Error where the cluster has one of that name */
export const refuseWhereInUse = async (namespace: string): Promise<void> => {
  const found = await kubectl(['get', 'namespace', namespace, '--ignore-not-found', '-o', 'name']);
  if (found) throw new Error(`the cluster has ${found}: this test makes it, and deletes all that is in it`);
};
