// One line per engine: adding a database is one engine file and one line here.
export { influxdb } from './influxdb/index.ts';
export { postgresql } from './postgresql/index.ts';
export { redis } from './redis/index.ts';
