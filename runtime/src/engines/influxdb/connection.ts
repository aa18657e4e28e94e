import { z } from 'zod';
import { host, port, tls } from '../connection.ts';

export const influxdbConnection = z.strictObject({
  /** Address of the server. */
  host,
  /** Port of the HTTP API. @default 8086 - the default of both generations */
  port: port.default(8086),
  /** Path below which a proxy serves the HTTP API, such as `/influxdb`. @default none - InfluxDB has no such setting of its own */
  path: z
    .string()
    .regex(/^(\/[\w.~-]+)+$/, { error: 'expected a path such as /influxdb' })
    .optional(),
  /** TLS of the HTTP API; `influxd backup` of 1.x knows none. @default none - InfluxDB's own default */
  tls: tls.optional(),
  /** RPC port that `influxd backup` of 1.x connects to. @default 8088 - the default of 1.x */
  rpcPort: port.default(8088),
  /** Databases of 1.x that are backed up. @default all but `_internal` - nothing is forgotten that is made later */
  databases: z.array(z.string().min(1)).min(1).optional(),
  /**
   * Who counts the points of a dump: `stream`, from the files that pass, or `server`, by queries before and after them.
   * @default stream - costs the server nothing
   */
  count: z.enum(['stream', 'server']).optional(),
});

export type InfluxdbConnection = z.output<typeof influxdbConnection>;
