import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { alertGroups } from '../../alerts/index.ts';
import { dashboards, type Shipped } from '../../dashboards/index.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { environmentSchema, planOf, type Environment } from '../environment/environment.ts';
import { Exporter } from './exporter.ts';
import { checked, type Props } from './props.ts';

/** All of an environment: alerts and dashboards are made from its plan. */
export type BackupMonitoringProps = Props<typeof environmentSchema>;

/** PrometheusRule `backup-alerts`. */
class Alerts extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const {
      namespace: { name: namespace },
      monitoring,
    } = environment;
    const { team, runbookUrl, grafanaUrl } = monitoring;
    const rule = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      spec: { groups: alertGroups({ namespace, team, runbookUrl, grafanaUrl, plan: planOf(environment) }) },
    } satisfies IPrometheusRule;
    new ApiObject(this, 'rule', { ...rule, metadata: { name: names.alerts, labels: monitoring.labels } });
  }
}

/** Dashboards of an environment, as they are shipped. */
export const environmentDashboards = (environment: Environment): readonly Shipped[] => {
  const {
    namespace: { name: namespace },
    platform,
    monitoring,
  } = environment;
  return dashboards({ namespace, platform, runbookUrl: monitoring.runbookUrl, plan: planOf(environment) });
};

/** ConfigMaps that the Grafana sidecar loads, one per dashboard. */
class Dashboards extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    for (const shipped of environmentDashboards(environment))
      new k8s.KubeConfigMap(this, shipped.configMap, {
        metadata: { name: shipped.configMap, labels: { grafana_dashboard: '1' } },
        // in one line: `dashboards/json` has the text to review, and a client-side apply takes 256 KiB at most
        data: { [shipped.file]: JSON.stringify(shipped.dashboard) },
      });
  }
}

/** Exporter of the archives' metrics, alerts on them, and dashboards: a file each. */
export class BackupMonitoring extends Construct {
  constructor(scope: Construct, id: string, props: BackupMonitoringProps) {
    super(scope, id);
    const environment = checked(this, environmentSchema, props);
    if (!environment) return;
    new Exporter(this, 'exporter', environment);
    new Alerts(this, 'alerts', environment);
    new Dashboards(this, 'dashboards', environment);
  }
}
