import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { environmentLabel, metrics } from '../runtime/src/contract/metrics.ts';

/** Variables of every dashboard, so that one serves any Prometheus, environment and target. */
export const variables = {
  datasource: 'datasource',
  environment: 'environment',
  /** Hidden: that of the environment, for the metrics of Kubernetes. */
  namespace: 'namespace',
  target: 'target',
} as const;

export const datasource = { type: 'prometheus', uid: `\${${variables.datasource}}` };

const chosen = (value: string) => ({ selected: true, text: value, value });

const labelsOf = (label: string, selector = ''): string =>
  `label_values(${metrics.rpo.name}${selector && `{${selector}}`}, ${label})`;

const ofEnvironment = `${environmentLabel}="$${variables.environment}"`;

const query = (name: string, label: string, expression: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(expression)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

export const datasourceVariable = (): DatasourceVariableBuilder =>
  new DatasourceVariableBuilder(variables.datasource).label('Data source').type('prometheus');

/** @param environment the one that is shown first */
export const environmentVariable = (environment: string): QueryVariableBuilder =>
  query(variables.environment, 'Environment', labelsOf(environmentLabel)).current(chosen(environment));

/** @param namespace the one of the environment that is shown first */
export const namespaceVariable = (namespace: string): QueryVariableBuilder =>
  query(variables.namespace, 'Namespace', labelsOf('namespace', ofEnvironment))
    .current(chosen(namespace))
    .hide(VariableHide.HideVariable);

/** Any number of targets. */
export const targetsVariable = (): QueryVariableBuilder =>
  query(variables.target, 'Target', labelsOf('target', ofEnvironment))
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });

/** One target. @param first shown where the link names none */
export const targetVariable = (first: string): QueryVariableBuilder =>
  query(variables.target, 'Target', labelsOf('target', ofEnvironment)).current(chosen(first));
