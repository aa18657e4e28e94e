import { z } from 'zod';

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

export const serviceKinds = ['Deployment', 'StatefulSet'] as const;

/** What uses a database and is scaled to 0 while that is restored with `--stop-services`. */
export const serviceConfig = z.strictObject({
  /** Kind of the workload. @default Deployment - what most applications are */
  kind: z.enum(serviceKinds).default('Deployment'),
  /** Namespace of the workload. @default the backup system's own - a platform keeps its databases beside it */
  namespace: z
    .string()
    .max(63)
    .regex(label, { error: 'expected lower-case letters, digits and dashes' })
    .optional(),
  /** Name of the workload. */
  name: z
    .string()
    .max(253)
    .regex(subdomain, { error: 'expected lower-case letters, digits, dashes and dots' }),
});

/** A service with its namespace filled in. */
export type Service = Required<z.output<typeof serviceConfig>>;

/** Resource of each kind in API group `apps`, in URLs and in roles. */
export const resourceOf = { Deployment: 'deployments', StatefulSet: 'statefulsets' } as const;
