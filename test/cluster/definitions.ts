import { kubectl } from './kubectl.ts';

/** Kinds of operators that the manifests use, where the cluster lacks them. */
const kinds = [
  ['monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'],
  ['monitoring.coreos.com', 'v1', 'PodMonitor', 'podmonitors'],
  ['monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'],
  ['onepassword.com', 'v1', 'OnePasswordItem', 'onepassworditems'],
] as const;

/** Takes whatever the manifests say: what a real operator's definition allows is checked by test/rules/schemas.test.ts. */
const definitionOf = ([group, version, kind, plural]: (typeof kinds)[number]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        ...{ name: version, served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

/** Defines what the cluster lacks, and resolves to what takes it away again. */
export const define = async (): Promise<() => Promise<void>> => {
  const present = await kubectl(['get', 'customresourcedefinitions', '-o', 'name']);
  const missing = kinds.map(definitionOf).filter(({ metadata }) => !present.includes(metadata.name));
  if (missing.length === 0) return async () => {};
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: missing });
  await kubectl(['create', '-f', '-'], list);
  await kubectl(['wait', '--for=condition=Established', '--timeout=1m', '-f', '-'], list);
  return async () => void (await kubectl(['delete', '--wait=false', '-f', '-'], list));
};
