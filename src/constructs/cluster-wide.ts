import { JsonPatch, type ApiObject } from 'cdk8s';

/** Of an object of a kind without namespaces; the chart puts everything into its own. */
export const clusterWide = (object: ApiObject): void =>
  object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
