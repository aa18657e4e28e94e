import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { metricsPaths, metricsPort } from '../../runtime/src/contract/metrics.ts';
import { names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment/environment.ts';
import { jobPod, quantity } from './job-pod.ts';
import { labelsOf, podsOf } from './labels.ts';
import { podTemplate } from './pod-template.ts';
import { portName, probes } from './probes.ts';
import { serverCommand } from './server-command.ts';
import { archives, exporterSecret, planFolder, scratch } from './volumes.ts';

const podOf = (environment: Environment): k8s.PodSpec =>
  jobPod({
    system: environment,
    serviceAccount: names.operatorAccount,
    container: 'exporter',
    command: serverCommand('serve'),
    resources: environment.exporterResources,
    restartPolicy: 'Always',
    folders: [
      archives(true),
      planFolder(),
      scratch(quantity(environment.exporterResources.limits.ephemeralStorage)),
      // manifests are authentic only under the passphrase
      ...exporterSecret(environment),
    ],
    ports: [{ name: portName, containerPort: metricsPort }],
    probes,
  });

/** Metrics of the archives: Deployment, Service and ServiceMonitor. */
export class Exporter extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const labels = labelsOf(environment, names.exporter);
    const metadata = { name: names.exporter, labels };
    new k8s.KubeDeployment(this, 'deployment', {
      metadata,
      spec: {
        replicas: 1,
        // a second pod could not mount a ReadWriteOnce volume from another node
        strategy: { type: 'Recreate' },
        selector: podsOf(environment, names.exporter),
        template: podTemplate(environment, names.exporter, podOf(environment)),
      },
    });
    new k8s.KubeService(this, 'service', {
      metadata,
      spec: {
        selector: labels,
        ports: [{ name: portName, port: metricsPort, targetPort: k8s.IntOrString.fromString(portName) }],
      },
    });
    const monitor = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      spec: {
        selector: podsOf(environment, names.exporter),
        endpoints: [{ port: portName, path: metricsPaths.metrics, interval: '60s' }],
      },
    } satisfies IServiceMonitor;
    new ApiObject(this, 'monitor', {
      ...monitor,
      metadata: { name: names.monitoring, labels: environment.monitoring.labels },
    });
  }
}
