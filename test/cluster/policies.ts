import { deepEqual } from 'node:assert/strict';
import { join } from 'node:path';
import { isAllowed } from '../../scripts/network/policy.ts';
import { worldOf } from '../../scripts/network/world.ts';
import { imageOf } from '../../src/constructs/job-pod.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { objectsOf } from '../kit/environments.ts';
import { until } from '../kit/until.ts';
import { folderOf } from './applied.ts';
import { attemptsOf, podsOf, type Attempt } from './attempts.ts';
import { kubectl } from './kubectl.ts';
import { reachedFrom, startPods } from './place-pods.ts';

/** Title of an attempt → whether it gets through. */
type Reached = Readonly<Record<string, boolean>>;

const tryAll = async (attempts: readonly Attempt[]): Promise<Reached> => {
  const reached = await Promise.all(
    [...Map.groupBy(attempts, ({ from }) => from)].map(async ([from, own]) => {
      const listeners = own.map(({ to, port, protocol }) => ({ ip: to.ip, port, protocol }));
      const answers = await reachedFrom(from, listeners);
      return own.map(({ title }, index) => [title, answers[index]!] as const);
    }),
  );
  return Object.fromEntries(reached.flat());
};

/** Networks take their time after a change of policies. */
const settleSeconds = 60;

const settles = (attempts: readonly Attempt[], expected: (attempt: Attempt) => boolean): Promise<true> =>
  until(async () => {
    const wanted = Object.fromEntries(attempts.map((each) => [each.title, expected(each)]));
    deepEqual(await tryAll(attempts), wanted);
    return true as const;
  }, settleSeconds);

const denyAll = ({ namespace }: Environment): string =>
  JSON.stringify({
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
    metadata: { name: 'lane-deny-all', namespace: namespace.name },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });

/** Whether a policy that denies everything does so: one end of every attempt is in the namespace. */
const isEnforced = async (environment: Environment, attempts: readonly Attempt[]): Promise<boolean> => {
  await kubectl(['create', '-f', '-'], denyAll(environment));
  try {
    return await settles(attempts, () => false).catch(() => false);
  } finally {
    await kubectl(['delete', '-f', '-'], denyAll(environment));
  }
};

/**
 * Without policies every connection gets through; with those of the manifests exactly the ones that the evaluator of
 * docs/how-to/network.md allows. Resolves to the count of attempts, or to `undefined` where the network enforces nothing.
 */
export const policiesHold = async (environment: Environment): Promise<number | undefined> => {
  const world = worldOf(environment, objectsOf(environment));
  const pods = podsOf(world);
  const ports = new Set([...world.outgoing, ...world.incoming].map(({ port }) => port));
  const stop = await startPods(pods, imageOf(environment), [...ports]);
  try {
    const attempts = await attemptsOf(world, pods);
    await settles(attempts, () => true);
    if (!(await isEnforced(environment, attempts))) return undefined;
    await kubectl(['apply', '-f', join(folderOf(environment), 'network.yaml')]);
    await settles(attempts, (attempt) => isAllowed(world.policies, attempt));
    return attempts.length;
  } finally {
    await stop();
  }
};
