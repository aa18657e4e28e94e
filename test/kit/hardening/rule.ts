import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import { podsOf } from '../environments.ts';

/**
 * What has to hold for all objects of a system. Sources by their own ids: `PSS` is
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted), `CIS` the CIS Kubernetes Benchmark
 * 1.8, `NSA` the Kubernetes Hardening Guide 1.2 of NSA and CISA, `kube-linter` and `kubesec` their built-in checks.
 */
export interface Rule {
  readonly name: string;
  readonly sources: readonly string[];
  /** What violates it, one line each. */
  readonly violations: (objects: readonly KubernetesObject[]) => readonly string[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of many kinds, as plain data
export type Data = any;

export type Violations = readonly unknown[];

/** Whatever `find` finds in an object, with the object's name. */
const named = (owner: string, found: Violations): readonly string[] =>
  found.map((item) => `${owner}: ${typeof item === 'string' ? item : JSON.stringify(item)}`);

/** A rule for each pod spec. */
export const podRule = (
  name: string,
  sources: readonly string[],
  find: (spec: Data) => Violations,
): Rule => ({
  name,
  sources,
  violations: (objects) => podsOf(objects).flatMap(({ owner, spec }) => named(owner, find(spec))),
});

/** A rule that each container keeps. */
export const containerRule = (
  name: string,
  sources: readonly string[],
  holds: (container: Data) => boolean,
): Rule =>
  podRule(name, sources, (spec) =>
    containersOf(spec)
      .filter((container) => !holds(container))
      .map((container) => `container ${container.name}`),
  );

/** A rule for each object of some kinds. */
export const objectRule = (
  name: string,
  sources: readonly string[],
  kinds: readonly string[],
  find: (object: Data, objects: readonly Data[]) => Violations,
): Rule => ({
  name,
  sources,
  violations: (objects) =>
    objects
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap((object) => named(`${object.kind} ${object.metadata.name}`, find(object, objects))),
});

export const containersOf = (spec: Data): Data[] => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

/** The security contexts of a pod and of its containers. */
export const contextsOf = (spec: Data): Data[] =>
  [spec, ...containersOf(spec)].map(({ securityContext }) => securityContext ?? {});

/** `['a']` if the condition does not hold. */
export const unless = (holds: unknown, violation: string): readonly string[] => (holds ? [] : [violation]);
