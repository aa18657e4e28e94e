import type { Engine } from './engine.ts';
import { influxdb } from './influxdb/index.ts';
import { postgresql } from './postgresql/index.ts';
import { redis } from './redis/index.ts';

/** All engines by name. Adding a database is one engine file and one line here. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each engine has its own connection type
export const engines: Readonly<Record<string, Engine<any>>> = { postgresql, influxdb, redis };
