import { environmentLabel, type Metric } from '../runtime/src/contract/metrics.ts';
import { variables } from './variables.ts';

/** What the dashboard's variables choose is what queries select. */
export const environment = `${environmentLabel}="$${variables.environment}"`;
export const chosen = `${environment}, target=~"$${variables.target}"`;

/** The exporter's pod may have been replaced in the last minutes: series of the old one and the new one are one. */
export const per = (labels: string, { name }: Metric, more = ''): string =>
  `max by (${labels}) (${name}{${chosen}${more && `, ${more}`}})`;

export const perTarget = (metric: Metric, more = ''): string => per('target', metric, more);

export const since = (timestamp: string): string => `time() - ${timestamp}`;
