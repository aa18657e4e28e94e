import { parsePlan } from '../../runtime/src/plan/parse.ts';
import type { Plan } from '../../runtime/src/plan/schema.ts';

/** A plan's input with one target and no field that has a default. */
export const smallestPlan = {
  environment: 'dev',
  stores: { directory: {} },
  targets: [
    {
      name: 'postgresql',
      engine: 'postgresql',
      connection: { host: 'postgresql', database: 'grill_stats' },
      secret: { name: 'postgresql-secret' },
      schedule: '0 2 * * *',
    },
  ],
  verification: { schedule: '0 6 * * *' },
} as const;

/** A plan of the target `one`. @throws BackupError plan.invalid */
export const planOfOne = (more: object, engine = 'influxdb'): Plan => {
  const connection = { host: 'h', ...(engine === 'postgresql' && { database: 'd' }) };
  const target = { name: 'one', engine, connection, secret: { name: 's' }, schedule: '0 2 * * *', ...more };
  return parsePlan({ ...smallestPlan, targets: [target] });
};

/** Message of what `run` throws; empty if it throws nothing. */
export const messageOf = (run: () => unknown): string => {
  try {
    run();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

/** Lines of a report without its headline and indentation. */
export const problemsOf = (run: () => unknown): readonly string[] =>
  messageOf(run)
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
