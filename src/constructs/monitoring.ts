import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { alertGroups } from '../../alerts/index.ts';
import { dashboard } from '../../dashboards/index.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { planOf, type Environment } from '../environment.ts';

/** PrometheusRule `backup-alerts`. */
export class Alerts extends Construct {
  constructor(scope: Construct, environment: Environment) {
    super(scope, 'alerts');
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
export class Dashboard extends Construct {
  constructor(scope: Construct, { namespace, monitoring }: Environment) {
    super(scope, 'dashboard');
    const json = JSON.stringify(dashboard({ namespace, runbookUrl: monitoring.runbookUrl }), undefined, 2);
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: { name: names.dashboard, labels: { grafana_dashboard: '1' } },
      data: { 'backup-monitoring.json': `${json}\n` },
    });
  }
}
