import { k8s } from 'cdk8s-plus-28';
import { metricsPaths } from '../../runtime/src/contract/metrics.ts';

/** Port of a pod that publishes metrics. */
export const portName = 'metrics';

const probe = (path: string, port: string): k8s.Probe => ({
  httpGet: { path, port: k8s.IntOrString.fromString(port) },
  timeoutSeconds: 5,
});

/** Alive: the process answers. Ready: it has read the stores. What the numbers say is for the alerts to judge. */
export const probesOf = (port: string, paths: { readonly health: string; readonly ready: string }) => ({
  livenessProbe: { ...probe(paths.health, port), initialDelaySeconds: 10 },
  readinessProbe: probe(paths.ready, port),
});

/** Of a pod that publishes metrics. */
export const probes = probesOf(portName, metricsPaths);
