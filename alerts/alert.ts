import { secondsOf } from '../runtime/src/plan/duration.ts';
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
  /** How long the expression has to hold, in whole minutes. */
  readonly forSeconds: number;
  readonly summary: string;
  readonly description: string;
}

export const minute = 60;
export const hour = 60 * minute;
export const day = 24 * hour;

/** What a reading of the stores and a scrape may add to anything that the exporter tells. */
export const slackSeconds = 10 * minute;

/** Longest of some durations of the plan, in seconds. */
export const longest = (durations: readonly string[]): number => Math.max(...durations.map(secondsOf));
