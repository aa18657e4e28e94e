import { names } from '../runtime/src/contract/names.ts';
import type { Alert, AlertContext } from './alert.ts';
import { recoveryAlerts, verificationAlerts } from './archives.ts';
import { drillAlerts } from './drills.ts';
import { jobAlerts } from './jobs.ts';
import { storageAlerts } from './storage.ts';

/** Labels and links that every alert carries are added here and nowhere else. */
const ruleOf = (
  { team, runbookUrl, grafanaUrl }: AlertContext,
  { alert, severity, expr, summary, description, ...rest }: Alert,
) => ({
  alert,
  expr,
  for: rest.for,
  labels: { severity, team },
  annotations: {
    summary,
    description,
    runbook_url: `${runbookUrl}#${alert.toLowerCase()}`,
    dashboard_url: `${grafanaUrl}/d/${names.monitoring}`,
  },
});

/** Groups of PrometheusRule `backup-alerts`. */
export const alertGroups = (context: AlertContext) =>
  Object.entries({
    'backup-recovery': recoveryAlerts(context),
    'backup-verification': verificationAlerts(context),
    'backup-drills': drillAlerts(context),
    'backup-jobs': jobAlerts(context),
    'backup-storage': storageAlerts(context),
  }).map(([name, alerts]) => ({ name, rules: alerts.map((alert) => ruleOf(context, alert)) }));
