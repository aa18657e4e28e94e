import type { Client } from 'pg';
import { z } from 'zod';

/** Of which instant of the log a dump is: entry `instant.json`, FORMAT.md. */
export const dumpInstant = z.strictObject({
  /** System identifier of the server. */
  system: z.string().regex(/^[1-9]\d{0,19}$/),
  timeline: z.int().min(1),
  /** End of the log after the snapshot was taken: what the dump saw was committed before it. */
  position: z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/),
  /** Which transactions the dump saw, as `txid_current_snapshot()` has it: `xmin:xmax:xip,…`. */
  snapshot: z.string().regex(/^\d+:\d+:(\d+(,\d+)*)?$/),
});

export type DumpInstant = z.output<typeof dumpInstant>;

/** A standby writes no log of its own; who may not ask for the system gets no row. */
const instantSql = `
  SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system,
    ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int AS timeline,
    pg_current_wal_insert_lsn()::text AS position, txid_current_snapshot()::text AS snapshot
  WHERE NOT pg_is_in_recovery() AND has_function_privilege('pg_control_system()', 'EXECUTE')`;

/** Asked in the dump's own transaction, whose snapshot was taken by then. */
export const readInstant = async (client: Client): Promise<DumpInstant | undefined> =>
  (await client.query<DumpInstant>(instantSql)).rows[0];
