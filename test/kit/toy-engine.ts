import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Source of one more engine, as it lies among the others. */
export const toyEngine = readFileSync(join(import.meta.dirname, 'toys.ts'), 'utf8')
  .replaceAll('../../runtime/src/engines/', './')
  .replaceAll('../../runtime/src/', '../');

/** A target of it, as an environment file has it. */
export const toyTarget = {
  name: 'nursery',
  engine: 'toys',
  connection: { host: 'toys' },
  secret: { name: 'toys-secret' },
  network: { podLabels: { app: 'toys' } },
  schedule: 'H 5 * * *',
  rpo: '24h',
  pointInTime: { window: '2d', interval: '1s' },
};
