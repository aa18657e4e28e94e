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
