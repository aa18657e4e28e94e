import { z } from 'zod';
import { host, port } from '../connection.ts';

export const influxdbConnection = z.strictObject({
  host,
  /** HTTP API. @default 8086 - the default of both generations */
  port: port.default(8086),
  /** RPC port that `influxd backup` of 1.x talks to. @default 8088 - the default of 1.x */
  rpcPort: port.default(8088),
  /** Databases (1.x). @default all but _internal */
  databases: z.array(z.string().min(1)).min(1).optional(),
});

export type InfluxdbConnection = z.output<typeof influxdbConnection>;
