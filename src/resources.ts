import { z } from 'zod';

/** Factor of each suffix of a Kubernetes quantity: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const factors: Readonly<Record<string, number>> = {
  m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50,
}; // prettier-ignore

const quantityPattern = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/;

/** `200m` → 0.2, `2Gi` → 2147483648; undefined for what is no quantity. */
export const quantityValue = (text: string): number | undefined => {
  const [, digits, suffix] = quantityPattern.exec(text) ?? [];
  const factor = factors[suffix ?? '?'];
  return factor === undefined ? undefined : Number(digits) * factor;
};

const quantity = (pattern: RegExp, example: string) =>
  z
    .string()
    .regex(pattern, { error: `expected a quantity such as ${example}` })
    .refine((text) => quantityValue(text) !== 0, { error: 'expected more than 0' });

/** Cores: `200m`, `1`, `1.5`. */
export const cpu = quantity(/^\d+(\.\d+)?m?$/, '200m or 1');

/** Bytes; a small m would mean thousandths of a byte and is refused. */
export const size = quantity(/^\d+(\.\d+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/, '512Mi or 10Gi');

const amounts = z.strictObject({ cpu, memory: size, ephemeralStorage: size });

type Amounts = z.output<typeof amounts>;

/** Requests and limits of a container; a request above its limit is what the API server would refuse. */
export const resources = z.strictObject({ requests: amounts, limits: amounts }).superRefine(
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
