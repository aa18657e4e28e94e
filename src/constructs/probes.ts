import { k8s } from 'cdk8s-plus-28';
import { metricsPaths } from '../../runtime/src/contract/metrics.ts';

/** Port of a pod that publishes metrics. */
export const portName = 'metrics';

const probe = (path: string): k8s.Probe => ({
  httpGet: { path, port: k8s.IntOrString.fromString(portName) },
  timeoutSeconds: 5,
});

/** Alive: the process answers. Ready: it has read the stores. What the numbers say is for the alerts to judge. */
export const probes = {
  livenessProbe: { ...probe(metricsPaths.health), initialDelaySeconds: 10 },
  readinessProbe: probe(metricsPaths.ready),
};
