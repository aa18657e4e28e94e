import { z } from 'zod';
import { quantityValue } from '../../runtime/src/plan/quantity.ts';

const quantity = (pattern: RegExp, example: string) =>
  z
    .string()
    .regex(pattern, { error: `expected a quantity such as ${example}` })
    .refine((text) => quantityValue(text) !== 0, { error: 'expected more than 0' });

const decimalUnits = ['m', '', 'k', 'M', 'G', 'T', 'P'];
const binaryUnits = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/**
 * A quantity as the API server stores it, so that what is applied again is unchanged: whole numbers, the largest unit
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/): `1000m` → `1`, `1.5Gi` → `1536Mi`.
 */
export const canonicalQuantity = (text: string): string => {
  const [, digits, unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const units = unit.endsWith('i') ? binaryUnits : decimalUnits;
  const step = unit.endsWith('i') ? 1024 : 1000;
  let place = units.indexOf(unit);
  let amount = Number(digits);
  for (; !Number.isInteger(amount) && place > 0; place -= 1) amount = Number((amount * step).toPrecision(15));
  for (; amount % step === 0 && amount > 0 && place < units.length - 1; place += 1) amount /= step;
  if (!Number.isInteger(amount)) return text;
  // without a unit it is decimal
  return unit.endsWith('i') && place === 0 ? canonicalQuantity(`${amount}`) : `${amount}${units[place]}`;
};

/** Cores: `200m`, `1`, `1.5`. */
export const cpu = quantity(/^\d+(\.\d+)?m?$/, '200m or 1');

/** Bytes; a small m would mean thousandths of a byte and is refused. */
export const size = quantity(/^\d+(\.\d+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/, '512Mi or 10Gi');

const amounts = z.strictObject({
  /** Cores. */
  cpu,
  /** Memory. */
  memory: size,
  /** Local disk: scratch folder and logs. */
  ephemeralStorage: size,
});

type Amounts = z.output<typeof amounts>;

/** Amounts of a container; a request above its limit is what the API server would refuse. */
const requestsAndLimits = z.strictObject({
  /** What is reserved for the container. */
  requests: amounts,
  /** What it may use at most; no amount of `requests` may be larger. */
  limits: amounts,
});

export const resources = requestsAndLimits.superRefine(
  (value, context) => {
    for (const key of Object.keys(amounts.shape) as (keyof Amounts)[]) {
      const [request, limit] = [value.requests?.[key], value.limits?.[key]].map((text) =>
        quantityValue(String(text)),
      );
      if (request === undefined || limit === undefined || request <= limit) continue;
      context.addIssue({
        code: 'custom',
        path: ['requests', key],
        message: `expected at most the limit, ${value.limits[key]}`,
      });
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

export type Resources = z.output<typeof resources>;

/** What all pods of a namespace may ask for together. */
export const quota = z.strictObject({
  /** Number of pods. */
  pods: z.int().min(1),
  /** Requests of all pods together. */
  requests: amounts,
  /** Limits of all pods together. */
  limits: amounts,
});

type Quota = z.output<typeof quota>;

interface Shortage {
  readonly path: readonly ['quota', 'pods'] | readonly ['quota', 'requests' | 'limits', keyof Amounts];
  readonly message: string;
}

/** Pods of a run, all of which have its resources. */
interface Run {
  readonly resources: Resources;
  readonly pods: number;
}

const together = 'what exporter, receivers, console, restore pod and the largest run ask for together';

/** What a quota leaves no room for; a pod that exceeds it is never made, and only an event says so. */
export const shortages = (
  quota: Quota,
  lasting: readonly Resources[],
  runs: readonly Run[],
): readonly Shortage[] => {
  const pods = lasting.length + Math.max(...runs.map((run) => run.pods));
  const ofAmounts = (['requests', 'limits'] as const).flatMap((side) =>
    (Object.keys(amounts.shape) as (keyof Amounts)[]).flatMap((key): readonly Shortage[] => {
      const of = (pod: Resources): number => quantityValue(pod[side][key]) ?? NaN;
      const largest = Math.max(...runs.map((run) => of(run.resources) * run.pods));
      const needed = lasting.map(of).reduce((sum, amount) => sum + amount, 0) + largest;
      if (needed <= (quantityValue(quota[side][key]) ?? NaN)) return [];
      return [{ path: ['quota', side, key], message: `expected at least ${needed}, ${together}` }];
    }),
  );
  if (pods <= quota.pods) return ofAmounts;
  return [{ path: ['quota', 'pods'], message: `expected at least ${pods}, ${together}` }, ...ofAmounts];
};
