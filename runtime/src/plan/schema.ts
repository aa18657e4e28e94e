import { z } from 'zod';
import { compressionNames } from '../contract/compression.ts';
import { allTargets } from '../contract/names.ts';
import { secrets } from '../contract/secrets.ts';
import { anomalyPolicy } from '../health/anomaly/policy.ts';
import { retentionPolicy } from '../retention/decision.ts';
import { serviceConfig } from '../cluster/config.ts';
import { duration } from '../core/units.ts';
import type { Engine } from '../engines/engine.ts';
import type { TlsConfig } from '../engines/connection.ts';
import { engines } from '../engines/registry.ts';
import { notificationsConfig } from '../notify/config.ts';
import { directoryConfig, s3Config } from '../store/registry.ts';
import { cron, spreadableCron } from './cron.ts';
import { always, checkPlan } from './rules.ts';
import { spreadTargets } from './spread.ts';

/** A DNS label (RFC 1123): names of targets become names of Kubernetes objects and of folders. */
export const dnsLabel = z
  .string()
  .max(52, { error: 'expected at most 52 characters, the limit for the name of a CronJob' })
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: 'expected lower-case letters, digits and dashes' });

/** A target's CronJob is its name and this many characters more: `-backup`. */
const targetName = dnsLabel.max(52 - '-backup'.length, { error: 'expected at most 45 characters' });

/** Names that the layout of the store and the command line use themselves. */
const reserved = [
  allTargets,
  'verification',
  'latest',
  'locks',
  'runs',
  'audit',
  'recovery',
  'restores',
  'services',
  'undo',
];

const { days, weekly, monthly, maxShare } = retentionPolicy.shape;

/** Without defaults: what a target leaves out is the plan's. */
const targetRetention = z.strictObject({
  days: days.unwrap().optional(),
  weekly: weekly.unwrap().optional(),
  monthly: monthly.unwrap().optional(),
  maxShare: maxShare.unwrap().optional(),
});

const secretKeys = ({ secretKeys: roles }: Engine): z.ZodType<Record<string, string>> =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(roles).map(([role, { defaultKey }]) => [role, z.string().min(1).default(defaultKey)]),
    ),
  );

/** What every engine's connection has; the rest is its own. */
type Connection = Record<string, unknown> & { readonly host: string; readonly tls?: TlsConfig | undefined };

/** One database to protect; `connection` and the roles of `secret.keys` are its engine's own. */
const targetOf = (engine: Engine) =>
  z.strictObject({
    name: targetName.refine((name) => !reserved.includes(name), {
      error: `expected none of ${reserved.join(', ')}`,
    }),
    engine: z.literal(engine.name),
    connection: engine.connection as z.ZodType<Connection>,
    /** Existing Secret with the credentials. @default keys: the engine's key of each role - as the platform's Secrets have them */
    secret: z.strictObject({ name: dnsLabel, keys: secretKeys(engine).prefault({}) }),
    /** Cron fields; H stands for a value by the target's name, see spread.ts. */
    schedule: spreadableCron,
    /** Longest a run may take; becomes activeDeadlineSeconds. @default 1h - of the seed's databases none takes longer */
    deadline: duration.default('1h'),
    /** @default the plan's retention - most databases are alike */
    retention: targetRetention.optional(),
    /** Oldest acceptable newest backup. @default 24h - the seed's table */
    rpo: duration.default('24h'),
    /** Longest acceptable restore. @default 1h - the seed's table */
    rto: duration.default('1h'),
    /** Server on which drills restore under scratch names; refused where an engine has live data only. @default a server inside the job, from its image - a drill then touches no server at all */
    drill: z
      .strictObject({
        connection: engine.connection as z.ZodType<Connection>,
        secret: z.strictObject({ name: dnsLabel, keys: secretKeys(engine).prefault({}) }),
      })
      .optional(),
    /** What uses the database: `restore --stop-services` scales it to 0 meanwhile. @default none - nothing is stopped that nobody named */
    services: z.array(serviceConfig).optional(),
  });

const [first, ...others] = Object.values(engines).map(targetOf);

export const targetSchema = z.discriminatedUnion('engine', [first!, ...others]);

/** Fields of a plan; the environment of the infrastructure program has them all and more of its own. */
export const planShape = {
  environment: dnsLabel,
  /** @default INFO - what was done, not how */
  logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
  retention: retentionPolicy.prefault({}),
  encryption: z
    .strictObject({
      /** @default true - an archive leaves the cluster */
      enabled: z.boolean().default(true),
      /** @default backup-encryption-secret - the seed's name */
      secret: dnsLabel.default(secrets.encryption.name),
      /**
       * The first key seals new archives, all of them open old ones: rotation puts a new one in front.
       * @default one key, `primary`, of key `encryption-key` - the seed's
       */
      keys: z
        .array(z.strictObject({ id: dnsLabel, secretKey: z.string().min(1) }))
        .min(1)
        .default([{ id: 'primary', secretKey: secrets.encryption.keys.passphrase }]),
    })
    .prefault({}),
  compression: z
    .strictObject({
      /** @default gzip - recovery by hand needs nothing but what every machine has; zstd makes smaller archives */
      algorithm: z.enum(compressionNames).default('gzip'),
      /** Level of gzip or zstd; gzip's 1 to 3 by igzip where it is installed. @default 1 - keeps pace with pg_dump; see docs/reference/benchmarks.md */
      level: z.int().min(1).max(9).default(1),
    })
    .prefault({}),
  stores: z
    .strictObject({
      directory: directoryConfig.optional(),
      s3: s3Config.optional(),
    })
    .refine(({ directory, s3 }) => directory ?? s3?.sync, {
      error: 'expected a directory, or s3 with sync: true',
    }),
  targets: z.array(targetSchema).min(1).transform(spreadTargets),
  verification: z.strictObject({
    schedule: cron,
    /** @default deep - only reading every byte finds silent damage */
    level: z.enum(['quick', 'deep']).default('deep'),
    /** @default 1h - reads each newest archive once */
    deadline: duration.default('1h'),
    /** Days that reports are kept. @default the plan's retention.days - a report outlives its archives by no day */
    reportDays: z.int().min(1).optional(),
  }),
  drill: z
    .strictObject({
      /** @default Sundays at 08:00 UTC - after the night's backups and their verification */
      schedule: cron.default('0 8 * * 0'),
      /** @default 6h - every target is restored, one after the other */
      deadline: duration.default('6h'),
    })
    .prefault({}),
  anomalies: anomalyPolicy.prefault({}),
  notifications: notificationsConfig.prefault({}),
  /** Prometheus Pushgateway that every run pushes its metrics to. @default none - the exporter tells of runs as well */
  pushgateway: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }).optional(),
} as const;

export const planSchema = z.strictObject(planShape).superRefine(checkPlan, always);

export type Plan = z.output<typeof planSchema>;
export type Target = Plan['targets'][number];
