// What makes Pulumi's Kubernetes provider replace an object rather than update it, for the kinds that we have:
// https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/provider/pkg/provider/diff.go

/** Settings of the provider that change its rules. */
export interface Mutability {
  readonly secrets: boolean;
  readonly configMaps: boolean;
}

const always = ['metadata.name', 'metadata.namespace'];

const byKind: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec.selector'],
  PersistentVolumeClaim: ['spec.accessModes', 'spec.selector', 'spec.storageClassName', 'spec.volumeName'],
  ResourceQuota: ['spec.scopes'],
  RoleBinding: ['roleRef'],
  Secret: ['type'],
  Service: ['spec.clusterIP'],
};

const immutable = (kind: string, { secrets, configMaps }: Mutability): readonly string[] => {
  if (kind === 'Secret' && !secrets) return ['data', 'stringData'];
  return kind === 'ConfigMap' && !configMaps ? ['data', 'binaryData'] : [];
};

/** True where one of the changed fields (`data.LOG_LEVEL`) cannot be updated in place. */
export const isReplaced = (kind: string, changed: readonly string[], mutability: Mutability): boolean => {
  const fields = [...always, ...(byKind[kind] ?? []), ...immutable(kind, mutability)];
  return changed.some((path) => fields.some((field) => path === field || path.startsWith(`${field}.`)));
};
