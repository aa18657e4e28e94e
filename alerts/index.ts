import { environmentLabel } from '../runtime/src/contract/metrics.ts';
import { names } from '../runtime/src/contract/names.ts';
import { hour, minute, type Alert, type AlertContext } from './alert.ts';
import { recoveryAlerts, verificationAlerts } from './archives.ts';
import { drillAlerts } from './drills.ts';
import { jobAlerts } from './jobs.ts';
import { logAlerts } from './log.ts';
import { storageAlerts } from './storage.ts';
import { watchingAlerts } from './exporter.ts';

/** 4200 → `70m`, 7200 → `2h`. */
const durationText = (seconds: number): string =>
  seconds % hour === 0 ? `${seconds / hour}h` : `${seconds / minute}m`;

/** Labels and links that every alert carries are added here and nowhere else. */
const ruleOf = (
  { namespace, team, runbookUrl, grafanaUrl, plan }: AlertContext,
  { alert, severity, expr, forSeconds, summary, description }: Alert,
) => ({
  alert,
  expr,
  for: durationText(forSeconds),
  labels: { severity, team, [environmentLabel]: plan.environment, namespace },
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
    'backup-log': logAlerts(context),
    'backup-watching': watchingAlerts(context),
  })
    .filter(([, alerts]) => alerts.length > 0)
    .map(([name, alerts]) => ({ name, rules: alerts.map((alert) => ruleOf(context, alert)) }));
