import type { z } from 'zod';
import { duration } from '../../runtime/src/core/units.ts';
import { host } from '../../runtime/src/engines/connection.ts';
import { cron, spreadableCron } from '../../runtime/src/plan/cron.ts';
import { dnsLabel } from '../../runtime/src/plan/schema.ts';
import { labels } from '../../src/environment/network.ts';
import { cpu, size } from '../../src/environment/resources.ts';
import { table } from './markdown.ts';

interface SimpleType {
  readonly schema: z.ZodType;
  readonly name: string;
  readonly allowed: string;
  readonly examples: readonly unknown[];
}

const fiveFields = 'five fields of cron: minute hour day month weekday, in UTC';

/** Texts of a form that many fields have. */
export const simpleTypes: readonly SimpleType[] = [
  {
    schema: dnsLabel,
    name: 'name',
    allowed: 'lower-case letters, digits and dashes, at most 52 characters',
    examples: ['grill-stats'],
  },
  {
    schema: duration,
    name: 'duration',
    allowed: 'days, hours, minutes, seconds',
    examples: ['30m', '1h30m', '7d'],
  },
  { schema: cron, name: 'schedule', allowed: fiveFields, examples: ['0 2 * * *', '0 8 * * 0'] },
  {
    schema: spreadableCron,
    name: 'schedule with `H`',
    allowed: `${fiveFields}; \`H\` [spreads](#spread-schedules) targets in time`,
    examples: ['0 2 * * *', 'H 2 * * *'],
  },
  { schema: size, name: 'size', allowed: 'bytes, as a Kubernetes quantity', examples: ['512Mi', '10Gi'] },
  { schema: cpu, name: 'cores', allowed: 'CPU, as a Kubernetes quantity', examples: ['200m', '1', '1.5'] },
  {
    schema: host,
    name: 'host',
    allowed: 'DNS name or IP address',
    examples: ['postgresql.databases.svc', '10.0.0.7'],
  },
  {
    schema: labels,
    name: 'labels',
    allowed: 'map of Kubernetes labels',
    examples: [{ 'app.kubernetes.io/name': 'postgresql' }],
  },
];

const shown = (example: unknown): string =>
  typeof example === 'string'
    ? example
    : JSON.stringify(example)
        .replaceAll(/"/g, '')
        .replaceAll(/([:,])/g, '$1 ');

/** @throws Error for an example that its schema refuses */
export const simpleTypeTable = (): string =>
  table(
    ['type', 'what it is', 'examples'],
    simpleTypes.map(({ schema, name, allowed, examples }) => {
      for (const example of examples) schema.parse(example);
      return [name, allowed, examples.map((example) => `\`${shown(example)}\``).join(', ')];
    }),
  );
