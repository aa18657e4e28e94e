import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { consolePort } from '../../runtime/src/contract/console.ts';
import { names } from '../../runtime/src/contract/names.ts';
import type { DeployedConsole, Environment } from '../environment/environment.ts';
import { ConsoleAccess } from './console-access.ts';
import { consolePodSpec, consolePortName } from './console-pod.ts';
import { httpRouteOf, ingressOf } from './console-ways.ts';
import { labelsOf, podsOf } from './labels.ts';
import { podTemplate } from './pod-template.ts';

const none = k8s.IntOrString.fromNumber(0);
const one = k8s.IntOrString.fromNumber(1);

/** Where it is switched on: the console, its account and rights, its Service, and the ways in that are asked for. */
export class Console extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const { console: pages } = environment;
    if (!pages?.enabled) return;
    new ConsoleAccess(this, 'access', environment, pages);
    this.deployment(environment, pages);
    this.service(environment);
    if (pages.replicas > 1) this.disruptionBudget(environment);
    this.waysIn(pages);
  }

  private deployment(environment: Environment, pages: DeployedConsole): void {
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name: names.console, labels: labelsOf(environment, names.console) },
      spec: {
        replicas: pages.replicas,
        // one at a time, and never more than the quota has room for
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: none, maxUnavailable: one } },
        selector: podsOf(environment, names.console),
        template: podTemplate(environment, names.console, consolePodSpec(environment, pages)),
      },
    });
  }

  private service(environment: Environment): void {
    const labels = labelsOf(environment, names.console);
    new k8s.KubeService(this, 'service', {
      metadata: { name: names.console, labels },
      spec: {
        selector: labels,
        ports: [
          {
            name: consolePortName,
            port: consolePort,
            targetPort: k8s.IntOrString.fromString(consolePortName),
          },
        ],
      },
    });
  }

  /** Pods are evicted one after the other; one that does not answer anyway holds no drain up. */
  private disruptionBudget(environment: Environment): void {
    new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: { name: names.console },
      spec: {
        maxUnavailable: one,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: podsOf(environment, names.console),
      },
    });
  }

  private waysIn({ publicUrl, ingress, httpRoute }: DeployedConsole): void {
    if (publicUrl === undefined) return;
    const { hostname } = new URL(publicUrl);
    if (ingress) ingressOf(this, hostname, ingress);
    if (httpRoute) httpRouteOf(this, hostname, httpRoute);
  }
}
