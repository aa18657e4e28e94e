import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { metricsPaths, receiverPort } from '../../runtime/src/contract/metrics.ts';
import { names, receiverName, receiverNames } from '../../runtime/src/contract/names.ts';
import type { Environment, EnvironmentTarget } from '../environment/environment.ts';
import { jobPod } from './job-pod.ts';
import { labelsOf, podsOf, podsOfAny } from './labels.ts';
import { podTemplate } from './pod-template.ts';
import { portName, probes } from './probes.ts';
import { serverCommand } from './server-command.ts';
import {
  archives,
  certificates,
  databaseSecret,
  encryptionSecret,
  notificationSecret,
  planFolder,
} from './volumes.ts';

type TargetWithLog = EnvironmentTarget & { readonly pointInTime: object };

const hasLog = (target: EnvironmentTarget): target is TargetWithLog => target.pointInTime !== undefined;

/** The log goes to S3 where that is on; then the pod needs no volume. */
const storeFolders = ({ stores }: Environment) => (stores.s3?.sync ? [] : [archives()]);

const podOf = (environment: Environment, target: TargetWithLog): k8s.PodSpec => {
  const { name, engine, connection, pointInTime } = target;
  return jobPod({
    system: environment,
    serviceAccount: names.receiverAccount,
    container: 'receiver',
    command: serverCommand('receive', name),
    resources: pointInTime.resources,
    restartPolicy: 'Always',
    folders: [
      ...storeFolders(environment),
      planFolder(),
      encryptionSecret(environment),
      databaseSecret(engine, pointInTime.secret ?? target.secret),
      ...certificates(connection),
      ...notificationSecret(environment),
    ],
    ports: [{ name: portName, containerPort: receiverPort }],
    probes,
  });
};

/** Of each target whose log is kept a Deployment that receives it, and a PodMonitor for all of them. */
export class Receivers extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const targets = environment.targets.filter(hasLog);
    for (const target of targets) this.receiver(environment, target);
    if (targets.length) this.monitor(environment);
  }

  private receiver(environment: Environment, target: TargetWithLog): void {
    const name = receiverName(target.name);
    new k8s.KubeDeployment(this, name, {
      metadata: { name, labels: labelsOf(environment, name) },
      spec: {
        replicas: 1,
        // a slot has one receiver: the new one starts when the old one has stored what it held
        strategy: { type: 'Recreate' },
        selector: podsOf(environment, name),
        template: podTemplate(environment, name, podOf(environment, target)),
      },
    });
  }

  private monitor(environment: Environment): void {
    const monitor = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      spec: {
        selector: podsOfAny(environment, receiverNames(environment.targets)),
        podMetricsEndpoints: [{ port: portName, path: metricsPaths.metrics, interval: '15s' }],
      },
    } satisfies IPodMonitor;
    new ApiObject(this, 'monitor', {
      ...monitor,
      metadata: { name: names.receivers, labels: environment.monitoring.labels },
    });
  }
}
