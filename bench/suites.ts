import { catalogue } from './catalogue/index.ts';
import { console } from './console/index.ts';
import type { Suite } from './harness/suite.ts';
import { influxdb } from './influxdb/index.ts';
import { nightly } from './nights/index.ts';
import { postgresql } from './postgresql/index.ts';
import { redis } from './redis/index.ts';
import { wal } from './wal/index.ts';
import { s3 } from './s3/index.ts';

/** All that `make bench` measures, in this order. */
export const suites: readonly Suite[] = [postgresql, nightly, wal, influxdb, redis, s3, catalogue, console];
