import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { alertGroups } from '../../alerts/index.ts';
import { dashboard } from '../../dashboards/index.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { environmentSchema, planOf, type Environment } from '../environment.ts';
import { Exporter } from './exporter.ts';
import { checked, type Props } from './props.ts';

/** All of an environment: alerts and dashboard are made from its plan. */
export type BackupMonitoringProps = Props<typeof environmentSchema>;

/** PrometheusRule `backup-alerts`. */
class Alerts extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const { namespace, monitoring } = environment;
    const { team, runbookUrl, grafanaUrl } = monitoring;
    const rule = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      spec: { groups: alertGroups({ namespace, team, runbookUrl, grafanaUrl, plan: planOf(environment) }) },
    } satisfies IPrometheusRule;
    new ApiObject(this, 'rule', { ...rule, metadata: { name: names.alerts, labels: monitoring.labels } });
  }
}

/** ConfigMap that the Grafana sidecar loads. */
class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { namespace, platform, monitoring }: Environment) {
    super(scope, id);
    const { runbookUrl } = monitoring;
    const json = JSON.stringify(dashboard({ namespace, platform, runbookUrl }), undefined, 2);
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: { name: names.dashboard, labels: { grafana_dashboard: '1' } },
      data: { 'backup-monitoring.json': `${json}\n` },
    });
  }
}

/** Exporter of the archives' metrics, alerts on them, and a dashboard: a file each. */
export class BackupMonitoring extends Construct {
  constructor(scope: Construct, id: string, props: BackupMonitoringProps) {
    super(scope, id);
    const environment = checked(this, environmentSchema, props);
    if (!environment) return;
    new Exporter(this, 'exporter', environment);
    new Alerts(this, 'alerts', environment);
    new Dashboard(this, 'dashboard', environment);
  }
}
