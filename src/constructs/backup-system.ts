import { App, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment.ts';
import { Access } from './access.ts';
import { Config } from './config.ts';
import { CronJobs } from './backup-cron-job.ts';
import { Exporter } from './exporter.ts';
import { systemLabels } from './labels.ts';
import { Alerts, Dashboard } from './monitoring.ts';
import { Network } from './network.ts';
import { RestorePod } from './restore-pod.ts';
import { Secrets } from './secrets.ts';
import { Storage } from './storage.ts';

/** A Kubernetes object as it is applied. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** One concern of the system: the objects of one file. */
export interface Concern {
  /** Name of the file without `.yaml`. */
  readonly name: string;
  /** True for what a person applies when it is needed, and no `kubectl apply -k` or `pulumi up` does. */
  readonly byHand: boolean;
  readonly objects: readonly KubernetesObject[];
}

const podSecurity = Object.fromEntries(
  ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
);

class Namespace extends Construct {
  constructor(scope: Construct, { namespace }: Environment) {
    super(scope, 'namespace');
    new k8s.KubeNamespace(this, 'namespace', { metadata: { name: namespace, labels: podSecurity } });
  }
}

/** In the order in which they are applied: what others refer to comes first. */
const concerns: Readonly<Record<string, new (scope: Construct, environment: Environment) => Construct>> = {
  namespace: Namespace,
  access: Access,
  secrets: Secrets,
  storage: Storage,
  config: Config,
  network: Network,
  'cron-jobs': CronJobs,
  exporter: Exporter,
  alerts: Alerts,
  dashboard: Dashboard,
  [names.restorePod]: RestorePod,
};

/** All objects of an environment: one chart per concern. */
class BackupSystem extends Construct {
  readonly charts: readonly Chart[];

  constructor(app: App, environment: Environment) {
    super(app, environment.environment);
    this.charts = Object.entries(concerns).map(([name, Concern]) => {
      const namespace = Concern === Namespace ? undefined : environment.namespace;
      const chart = new Chart(this, name, {
        ...(namespace && { namespace }),
        labels: systemLabels,
        disableResourceNameHashes: true,
      });
      new Concern(chart, environment);
      return chart;
    });
  }
}

/** Objects of an environment by concern, in the order in which they are applied. */
export const synthesize = (environment: Environment): readonly Concern[] =>
  new BackupSystem(new App(), environment).charts.map((chart) => ({
    name: chart.node.id,
    byHand: chart.node.id === names.restorePod,
    objects: chart.toJson() as KubernetesObject[],
  }));
