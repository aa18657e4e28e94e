import { z } from 'zod';

/** How many archives of each tier are kept. */
export const retentionPolicy = z.strictObject({
  /** Days a daily archive is kept. @default 30 - the seed's table */
  days: z.int().min(1).max(3650).default(30),
  /** @default 4 - a month of Sundays */
  weekly: z.int().min(0).max(520).default(4),
  /** @default 12 - a year */
  monthly: z.int().min(0).max(120).default(12),
});

export type RetentionPolicy = z.output<typeof retentionPolicy>;
