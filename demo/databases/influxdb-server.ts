import type { Database } from './database.ts';

/** A server of either generation. */
export interface InfluxdbServer extends Omit<Database, 'target' | 'fill' | 'startEmpty'> {
  /** Makes the empty buckets. */
  readonly create: () => Promise<void>;
  /** Writes line protocol into a bucket. */
  readonly write: (bucket: string, lines: string) => Promise<void>;
}
