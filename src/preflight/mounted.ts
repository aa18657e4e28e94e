import type { KubernetesObject } from '../constructs/backup-system.ts';
import { secretsOf } from '../constructs/secrets.ts';
import type { Environment } from '../environment/environment.ts';

/** A Secret or ConfigMap that has to be there before a pod of ours starts. */
export interface Mounted {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Keys that a pod mounts by name: it does not start without them. */
  readonly keys: readonly string[];
  /** True for what an operator or Pulumi makes from what is applied; judged where it is there. */
  readonly comesLater: boolean;
  /** Of the API server. */
  readonly path: string;
}

interface Items {
  readonly items?: readonly { readonly key: string }[];
  readonly optional?: boolean;
}

interface Sources {
  readonly secret?: Items & { readonly secretName?: string; readonly name?: string };
  readonly configMap?: Items & { readonly name: string };
}

interface Spec {
  readonly volumes?: readonly (Sources & { readonly projected?: { readonly sources: readonly Sources[] } })[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

interface Template {
  readonly template: { readonly spec: Spec };
}

const podSpecs = (objects: readonly KubernetesObject[]): readonly Spec[] =>
  objects.flatMap(({ kind, spec }) => {
    if (kind === 'Pod') return [spec as Spec];
    if (kind === 'Deployment') return [(spec as Template).template.spec];
    return kind === 'CronJob'
      ? [(spec as { readonly jobTemplate: { readonly spec: Template } }).jobTemplate.spec.template.spec]
      : [];
  });

interface Source {
  readonly kind: Mounted['kind'];
  readonly name: string;
  readonly keys: readonly string[];
}

const keysOf = ({ items = [] }: Items): readonly string[] => items.map(({ key }) => key);

const sourceOf = ({ secret, configMap }: Sources): readonly Source[] => [
  ...(secret && !secret.optional
    ? [{ kind: 'Secret', name: secret.secretName ?? secret.name ?? '', keys: keysOf(secret) } as const]
    : []),
  ...(configMap && !configMap.optional
    ? [{ kind: 'ConfigMap', name: configMap.name, keys: keysOf(configMap) } as const]
    : []),
];

const sourcesOf = ({ volumes = [], imagePullSecrets = [] }: Spec): readonly Source[] => [
  ...volumes.flatMap((volume) => [
    ...sourceOf(volume),
    ...(volume.projected?.sources ?? []).flatMap(sourceOf),
  ]),
  ...imagePullSecrets.map(({ name }) => ({ kind: 'Secret', name, keys: ['.dockerconfigjson'] }) as const),
];

const resources = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;

/** What the pods of an environment need and its manifests do not hold. */
export const mountedBy = (
  environment: Environment,
  objects: readonly KubernetesObject[],
): readonly Mounted[] => {
  const { name: namespace } = environment.namespace;
  const own = secretsOf(environment);
  const held = ({ kind, name }: Source) =>
    objects.some((object) => object.kind === kind && object.metadata.name === name);
  const sources = podSpecs(objects)
    .flatMap(sourcesOf)
    .filter((source) => !held(source));
  return [...Map.groupBy(sources, ({ kind, name }) => `${kind} ${name}`).values()].map((same) => {
    const [{ kind, name }] = same as [Source];
    const made = own.find((secret) => kind === 'Secret' && secret.name === name);
    const keys = [...new Set([...same.flatMap((source) => source.keys), ...(made?.keys ?? [])])];
    const path = `/api/v1/namespaces/${namespace}/${resources[kind]}/${name}`;
    return { kind, name, keys, comesLater: made !== undefined, path };
  });
};
