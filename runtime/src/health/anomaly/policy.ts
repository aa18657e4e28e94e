import { z } from 'zod';

/** From where on a backup differs enough from its history to warn: docs/explanation/anomalies.md. */
export const anomalyPolicy = z.strictObject({
  /** Compares every backup with those before it. @default true - an empty dump should be noticed before it is needed */
  enabled: z.boolean().default(true),
  /**
   * Loss, in percent, of size, rows, keys or points, of the target or of one table, bucket or type.
   * @default 50 - clean-ups take less, and a truncated table or empty dump takes all
   */
  dropPercent: z.number().gt(0).lt(100).default(50),
  /** Growth, as a factor, of source and archive. @default 3 - imports take less; runaway writers and loops more */
  growthFactor: z.number().gt(1).default(3),
  /**
   * Share, in percent, of the way from the usual compression ratio to 1.
   * @default 30 - encrypted bytes in hexadecimal, as PostgreSQL dumps them, still compress to 0.57
   */
  ratioPercent: z.number().gt(0).lt(100).default(30),
  /** Days ahead in which a full store or a missed deadline is worth a warning. @default 14 - time to order space */
  forecastDays: z.int().min(1).max(90).default(14),
});

export type AnomalyPolicy = z.output<typeof anomalyPolicy>;

/** Archives that make a history. @default 5 - fewer cannot tell the usual from the unusual */
export const minimumHistory = 5;
