import { z } from 'zod';
import { host, port } from '../connection.ts';

export const postgresqlConnection = z.strictObject({
  host,
  /** @default 5432 - the registered port */
  port: port.default(5432),
  database: z.string().min(1).max(63),
  /** libpq sslmode. @default prefer - libpq's own default */
  sslMode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).default('prefer'),
  /**
   * Also compares the content of tables, by a hash that knows no order; reads each table once more.
   * @default false - rows are counted
   */
  contentHash: z.boolean().optional(),
});

export type PostgresqlConnection = z.output<typeof postgresqlConnection>;
