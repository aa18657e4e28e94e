import type { Plan } from '../runtime/src/plan/schema.ts';

/** What the dashboards depend on besides metric names. */
export interface DashboardContext {
  readonly namespace: string;
  /** Whose backups they are, for titles and tags. */
  readonly platform: string;
  /** Page of RUNBOOK.md. */
  readonly runbookUrl: string;
  readonly plan: Plan;
}
