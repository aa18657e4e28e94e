/** What the preflight reads of objects of the Kubernetes API, all of whose fields but these it leaves out. */
export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface List<T> {
  readonly items: readonly T[];
}

export interface Version {
  readonly minor?: string;
}

/** Of a group and version. */
export interface ResourceList {
  readonly resources: readonly { readonly kind: string }[];
}

export interface Namespace {
  readonly metadata: Meta;
  readonly status?: { readonly phase?: string };
}

/** A Secret or ConfigMap: the values of a Secret are never kept. */
export interface Keyed {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Claim {
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status?: { readonly phase?: string };
}

export interface Volume {
  readonly metadata: Meta;
  readonly spec: {
    readonly claimRef?: { readonly name?: string; readonly namespace?: string };
    readonly persistentVolumeReclaimPolicy?: string;
  };
  readonly status?: { readonly phase?: string };
}

export interface StorageClass {
  readonly metadata: Meta;
  readonly reclaimPolicy?: string;
  readonly allowVolumeExpansion?: boolean;
}

interface Container {
  readonly args?: readonly string[];
  readonly securityContext?: { readonly allowPrivilegeEscalation?: boolean };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec: PodSpec;
}

export interface DaemonSet {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

export interface Service {
  readonly metadata: Meta;
  readonly spec: {
    readonly type?: string;
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
  };
}

export interface EndpointSlice {
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[] | null;
  readonly ports?: readonly { readonly port: number }[] | null;
}
