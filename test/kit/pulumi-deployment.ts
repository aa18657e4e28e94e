import type { ProgramRun, Registered } from './pulumi-engine.ts';
import { changedPaths, fieldsOf, OwnedObject, separator, type Fields, type Tree } from './owned-fields.ts';
import { isReplaced, type Mutability } from './pulumi-replaces.ts';

// What Pulumi's engine and its Kubernetes provider do with what a program registers, against objects that remember who owns
// their fields: https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step_generator.go and
// https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/provider/pkg/await/await.go

export type Operation = 'create' | 'update' | 'replace' | 'delete' | 'forget';

/** What happens to one resource; what stays the same is left out. */
export interface Step {
  readonly operation: Operation;
  /** `ConfigMap backup-config` */
  readonly object: string;
  /** Fields that differ from what was there. */
  readonly changed: readonly string[];
}

/** A resource in the state of a stack. */
interface Known {
  readonly resource: Registered;
  /** What the provider last saw of the fields that the program names. */
  readonly seen: Fields;
  readonly manager: string;
  readonly protect: boolean;
}

/** As `PULUMI_K8S_UPSERT_EXISTING_OBJECTS` and `PULUMI_K8S_ENABLE_PATCH_FORCE`. */
interface TakeOver {
  readonly upsert?: boolean;
  readonly force?: boolean;
}

/** The objects of a cluster by `Kind name`; the namespace is one. */
export type Cluster = Map<string, OwnedObject>;

const labelOf = ({ values }: Registered): string =>
  `${String(values['kind'])} ${(values['metadata'] as { name: string }).name}`;

/** As the API server stores them: values of Secrets under `data`. */
const desired = ({ values }: Registered): Fields => {
  const { stringData, ...others } = values;
  return fieldsOf(stringData ? { ...others, data: stringData } : others);
};

const annotation = (name: string): string => ['metadata', 'annotations', name].join(separator);
let registrations = 0;

/** A name of its own where the object does not say one: random in the provider, counted here. */
const managerOf = (fields: Fields, known?: Known): string => {
  const named = fields.get(annotation('pulumi.com/patchFieldManager')) as string | undefined;
  return named ?? known?.manager ?? `pulumi-kubernetes-${(registrations += 1)}`;
};

const isForced = (fields: Fields, { force = false }: TakeOver): boolean =>
  force || fields.get(annotation('pulumi.com/patchForce')) === 'true';

/** What was written by kubectl or made by this provider is taken over by prefix, without a conflict. */
const isTaken = (manager: string): boolean =>
  /^(kubectl|before-first-apply|pulumi-kubernetes$)/.test(manager);

const isObject = ({ type }: Registered): boolean => type.startsWith('kubernetes:');

const providerInputs = (run: ProgramRun): Tree =>
  run.resources.find(({ type }) => type === 'pulumi:providers:kubernetes')!.inputs;

const mutabilityOf = (inputs: Tree): Mutability => ({
  secrets: inputs['enableSecretMutable'] === 'true',
  configMaps: inputs['enableConfigMapMutable'] === 'true',
});

/** DiffConfig of the provider: another context is another cluster, unless an identifier says that it is the same. */
const isOtherCluster = (before: Tree, after: Tree): boolean => {
  const changed = (key: string): boolean => before[key] !== after[key];
  const identified = before['clusterIdentifier'] !== undefined && after['clusterIdentifier'] !== undefined;
  if (identified) return changed('clusterIdentifier');
  return ['kubeconfig', 'context', 'cluster'].some(changed);
};

/** Those that others wait for first; of what does not wait for each other, Secrets last, so that a missing order shows. */
const inOrder = (resources: readonly Registered[]): readonly Registered[] => {
  const left = [...resources].sort(
    (a, b) => Number(labelOf(a).startsWith('Secret')) - Number(labelOf(b).startsWith('Secret')),
  );
  const done: Registered[] = [];
  while (left.length) {
    const next = left.findIndex(({ waitsFor }) => !left.some(({ urn }) => waitsFor.includes(urn)));
    done.push(...left.splice(next, 1));
  }
  return done;
};

const pruned = (live: Fields, shape: Fields): Fields =>
  new Map([...live].filter(([path]) => shape.has(path)));

/** The state of a stack, and what `pulumi` does with it. */
export class StackState {
  readonly #cluster: Cluster;
  #known: readonly Known[] = [];
  #provider: Tree = {};

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** `pulumi up`. @throws Error as the engine, the provider or the API server refuses a step */
  up(run: ProgramRun, takeOver: TakeOver = {}): readonly Step[] {
    const wanted = inOrder(run.resources.filter(isObject));
    const inputs = providerInputs(run);
    const otherCluster = this.#known.length > 0 && isOtherCluster(this.#provider, inputs);
    const found = new Map(wanted.map((resource) => [resource, this.#find(resource)]));
    const steps = wanted.flatMap((resource) =>
      this.#deploy(resource, found.get(resource), mutabilityOf(inputs), otherCluster, takeOver),
    );
    const kept = new Set(found.values());
    const gone = this.#known.filter(
      (known) => !kept.has(known) && !wanted.some(({ urn }) => urn === known.resource.urn),
    );
    const removed = this.#remove(gone);
    this.#provider = inputs;
    return [...steps, ...removed];
  }

  /** `pulumi preview --refresh`: what `up` would do, with nothing done. */
  preview(run: ProgramRun): readonly Step[] {
    const inputs = providerInputs(run);
    return run.resources.filter(isObject).flatMap((resource) => {
      const known = this.#find(resource);
      const changed = changedPaths(known ? this.#seen(known) : new Map(), desired(resource));
      if (!changed.length) return [];
      const replaced = isReplaced(String(resource.values['kind']), changed, mutabilityOf(inputs));
      const operation = known ? (replaced ? 'replace' : 'update') : 'create';
      return [{ operation, object: labelOf(resource), changed } as const];
    });
  }

  /** `pulumi refresh`. */
  refresh(): void {
    this.#known = this.#known.map((known) => ({ ...known, seen: this.#seen(known) }));
  }

  /** `pulumi state unprotect --all`. */
  unprotect(): void {
    this.#known = this.#known.map((known) => ({ ...known, protect: false }));
  }

  /** `pulumi destroy`. @throws Error for what is protected */
  destroy(): readonly Step[] {
    return this.#remove(this.#known);
  }

  /** `pulumi state delete --all --force`: forgets, removes nothing. */
  forget(): void {
    this.#known = [];
  }

  #find({ urn, aliases }: Registered): Known | undefined {
    return this.#known.find(({ resource }) => resource.urn === urn || aliases.includes(resource.urn));
  }

  #seen({ resource, seen }: Known): Fields {
    const live = this.#cluster.get(labelOf(resource));
    return live ? pruned(live.fields, seen) : new Map();
  }

  #deploy(
    resource: Registered,
    known: Known | undefined,
    mutability: Mutability,
    otherCluster: boolean,
    takeOver: TakeOver,
  ): readonly Step[] {
    const fields = desired(resource);
    if (!known) return this.#create(resource, fields, takeOver);
    const changed = changedPaths(known.seen, fields);
    if (!changed.length && !otherCluster) return this.#remember(resource, fields, known.manager);
    if (otherCluster || isReplaced(String(resource.values['kind']), changed, mutability)) {
      if (known.protect) throw new Error(`${labelOf(resource)} cannot be replaced: it is protected`);
      this.#cluster.delete(labelOf(resource));
      this.#create(resource, fields, takeOver);
      return [{ operation: 'replace', object: labelOf(resource), changed }];
    }
    const manager = managerOf(fields, known);
    const live = this.#cluster.get(labelOf(resource))!;
    live.takeOver(manager, isTaken);
    live.apply(manager, fields, isForced(fields, takeOver));
    if (manager !== known.manager) live.apply(known.manager, new Map(), false);
    this.#remember(resource, fields, manager);
    return [{ operation: 'update', object: labelOf(resource), changed }];
  }

  #create(resource: Registered, fields: Fields, takeOver: TakeOver): readonly Step[] {
    const label = labelOf(resource);
    const manager = managerOf(fields);
    const existing = this.#cluster.get(label);
    if (existing && !takeOver.upsert) throw new Error(`${label} already exists in the cluster`);
    const object = existing ?? new OwnedObject();
    object.apply(takeOver.upsert ? manager : 'pulumi-kubernetes', fields, isForced(fields, takeOver));
    this.#cluster.set(label, object);
    this.#remember(resource, fields, manager);
    return [{ operation: 'create', object: label, changed: [] }];
  }

  #remember(resource: Registered, seen: Fields, manager: string): readonly Step[] {
    const others = this.#known.filter(
      (known) => known.resource.urn !== resource.urn && !resource.aliases.includes(known.resource.urn),
    );
    this.#known = [...others, { resource, seen, manager, protect: resource.protect }];
    return [];
  }

  #remove(gone: readonly Known[]): readonly Step[] {
    const held = gone.find(({ protect }) => protect);
    if (held) throw new Error(`${labelOf(held.resource)} cannot be deleted: it is protected`);
    this.#known = this.#known.filter((known) => !gone.includes(known));
    return gone.map(({ resource }) => {
      const object = labelOf(resource);
      if (resource.retainOnDelete) return { operation: 'forget', object, changed: [] };
      this.#cluster.delete(object);
      return { operation: 'delete', object, changed: [] };
    });
  }
}
