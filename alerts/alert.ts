import type { Plan } from '../runtime/src/plan/schema.ts';

/** What the alerts depend on besides metric names. */
export interface AlertContext {
  readonly namespace: string;
  /** Label `team` of every alert. */
  readonly team: string;
  /** Page of RUNBOOK.md. */
  readonly runbookUrl: string;
  readonly grafanaUrl: string;
  readonly plan: Plan;
}

/** `critical` pages, `warning` waits for the morning. */
export interface Alert {
  readonly alert: string;
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long the expression has to hold. */
  readonly for: string;
  readonly summary: string;
  readonly description: string;
}
