/** Plain data of any shape. */
export type Tree = Readonly<Record<string, unknown>>;

/** A resource as a policy sees it. */
export interface Resource {
  /** Token: `kubernetes:batch/v1:CronJob`. */
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Tree;
  readonly opts: { readonly protect: boolean; readonly additionalSecretOutputs: readonly string[] };
}

/** A resource, and those whose outputs each of its inputs comes from. */
export interface LinkedResource extends Resource {
  readonly propertyDependencies: Readonly<Record<string, readonly Resource[]>>;
}

interface Named {
  /** What `--policy-pack` reports and configures it by. */
  readonly name: string;
  readonly description: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
}

/** A rule about one resource; each violation in words. */
export interface Rule extends Named {
  readonly check: (resource: Resource) => readonly string[];
}

/** A rule about resources that belong together; each violation in words, at the resource it is about. */
export interface StackRule extends Named {
  readonly checkAll: (resources: readonly LinkedResource[]) => readonly Finding[];
}

export interface Finding {
  readonly message: string;
  readonly urn: string;
}

/** `CronJob` of `kubernetes:batch/v1:CronJob`. */
export const kindOf = ({ type }: Resource): string => type.slice(type.lastIndexOf(':') + 1);

export const isAws = ({ type }: Resource): boolean => type.startsWith('aws:');
export const isKubernetes = ({ type }: Resource): boolean => type.startsWith('kubernetes:');

/**
 * True for what `--target` leaves out and what is not there yet: the engine asks about it all the same, without any of its
 * properties. Every kind that a rule is about has at least one.
 */
export const isLeftOut = ({ props }: Resource): boolean => Object.keys(props).length === 0;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object at a path; empty where there is none. */
export const treeAt = (value: unknown, ...path: readonly string[]): Tree => {
  const found = path.reduce<unknown>((tree, key) => (isTree(tree) ? tree[key] : undefined), value);
  return isTree(found) ? found : {};
};

/** Objects of a list at a path; none where there is none. */
export const listAt = (value: unknown, ...path: readonly string[]): readonly Tree[] => {
  const found = treeAt(value, ...path.slice(0, -1))[path.at(-1) ?? ''];
  return Array.isArray(found) ? found.filter(isTree) : [];
};
