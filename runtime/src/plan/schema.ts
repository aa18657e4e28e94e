import { z } from 'zod';
import { secrets } from '../contract/secrets.ts';
import { retentionPolicy } from '../catalog/retention.ts';
import { duration } from '../core/units.ts';
import { engines } from '../engines/registry.ts';
import { directoryConfig, s3Config } from '../store/registry.ts';
import { cron } from './cron.ts';

/** A DNS label (RFC 1123): names of targets become names of Kubernetes objects and of folders. */
export const dnsLabel = z
  .string()
  .max(52, { error: 'expected at most 52 characters, the limit for the name of a CronJob' })
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: 'expected lower-case letters, digits and dashes' });

/** Names that the layout of the store and the command line use themselves. */
const reserved = ['full', 'verification', 'latest'];

/** One database to protect. */
export const targetSchema = z.strictObject({
  name: dnsLabel.refine((name) => !reserved.includes(name), { error: `expected none of ${reserved.join(', ')}` }),
  engine: z.enum(Object.keys(engines) as [string, ...string[]]),
  /** Engine-specific; checked by the engine's own schema. */
  connection: z.record(z.string(), z.unknown()),
  /** Existing Secret with the credentials. @default keys - the engine's default key of each role */
  secret: z.strictObject({ name: dnsLabel, keys: z.record(z.string(), z.string().min(1)).default({}) }),
  schedule: cron,
  /** Longest a run may take; becomes activeDeadlineSeconds. @default 1h */
  deadline: duration.default('1h'),
  /** @default the plan's retention */
  retention: retentionPolicy.partial().optional(),
  /** Oldest acceptable newest backup. @default 24h */
  rpo: duration.default('24h'),
  /** Longest acceptable restore. @default 1h */
  rto: duration.default('1h'),
});

export const planSchema = z
  .strictObject({
    environment: dnsLabel,
    /** @default INFO */
    logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
    retention: retentionPolicy.prefault({}),
    encryption: z
      .strictObject({
        /** @default true - an archive leaves the cluster */
        enabled: z.boolean().default(true),
        /** @default backup-encryption-secret */
        secret: z.string().default(secrets.encryption.name),
      })
      .prefault({}),
    compression: z
      .strictObject({
        /** gzip level. @default 1 - keeps pace with pg_dump on one core; see docs/benchmarks.md */
        level: z.int().min(1).max(9).default(1),
      })
      .prefault({}),
    stores: z
      .strictObject({
        directory: directoryConfig.optional(),
        s3: s3Config.optional(),
      })
      .refine(({ directory, s3 }) => directory ?? s3?.sync, { error: 'expected a directory, or s3 with sync: true' }),
    targets: z.array(targetSchema).min(1),
    verification: z
      .strictObject({
        schedule: cron,
        /** @default deep - only reading every byte finds silent damage */
        level: z.enum(['quick', 'deep']).default('deep'),
        /** @default 1h */
        deadline: duration.default('1h'),
        /** Days that reports are kept. @default the plan's retention.days */
        reportDays: z.int().min(1).optional(),
      }),
    notifications: z
      .strictObject({
        /** @default false */
        enabled: z.boolean().default(false),
      })
      .prefault({}),
  })
  .superRefine((plan, context) => {
    if (plan.environment === 'prod' && !plan.encryption.enabled)
      context.addIssue({ code: 'custom', path: ['encryption', 'enabled'], message: 'encryption cannot be off in prod', input: false });
    plan.targets.forEach((target, index) => {
      const path = ['targets', index];
      if (plan.targets.findIndex(({ name }) => name === target.name) < index)
        context.addIssue({ code: 'custom', path: [...path, 'name'], message: 'another target has this name', input: target.name });
      const engine = engines[target.engine];
      const connection = engine?.connection.safeParse(target.connection);
      connection?.error?.issues.forEach((issue) =>
        context.addIssue({ ...issue, code: 'custom', path: [...path, 'connection', ...issue.path], input: issue.input } as never),
      );
      for (const role of Object.keys(target.secret.keys))
        if (engine && !(role in engine.secretKeys))
          context.addIssue({ code: 'custom', path: [...path, 'secret', 'keys', role], message: `expected one of ${Object.keys(engine.secretKeys).join(', ')}`, input: role });
    });
  });

export type Plan = z.output<typeof planSchema>;
export type Target = Plan['targets'][number];
