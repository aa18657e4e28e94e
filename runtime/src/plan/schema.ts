import { z } from 'zod';
import { compressionNames } from '../contract/compression.ts';
import { allTargets } from '../contract/names.ts';
import { secrets } from '../contract/secrets.ts';
import { anomalyPolicy } from '../health/anomaly/policy.ts';
import { retentionPolicy } from '../retention/decision.ts';
import { serviceConfig } from '../cluster/config.ts';
import { mustExist } from '../core/must-exist.ts';
import { duration } from '../core/units.ts';
import type { Engine } from '../engines/engine.ts';
import type { TlsConfig } from '../engines/connection.ts';
import { engines } from '../engines/registry.ts';
import { notificationsConfig } from '../notify/config.ts';
import { directoryConfig, s3Config } from '../store/registry.ts';
import { consoleConfig } from './console.ts';
import { cron, spreadableCron } from './cron.ts';
import { increments } from './increments.ts';
import { pointInTimeOf } from './point-in-time.ts';
import { always, checkPlan } from './rules.ts';
import { spreadTargets } from './spread-targets.ts';

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
  'wal',
  'base',
  'parts',
];

const { hours, days, weekly, monthly, maxShare } = retentionPolicy.shape;

/** Without defaults: what a target leaves out is the plan's. */
const targetRetention = z.strictObject({
  /** @default the plan's retention.hours - most databases are alike */
  hours: hours.unwrap().optional(),
  /** @default the plan's retention.days - most databases are alike */
  days: days.unwrap().optional(),
  /** @default the plan's retention.weekly - most databases are alike */
  weekly: weekly.unwrap().optional(),
  /** @default the plan's retention.monthly - most databases are alike */
  monthly: monthly.unwrap().optional(),
  /** @default the plan's retention.maxShare - most databases are alike */
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

/** Secret of an account of the database; the roles of `keys` are the engine's own. */
const accountSecret = (engine: Engine) =>
  z.strictObject({
    /** Name of the Secret. The platform makes it. */
    name: dnsLabel,
    /** Names of its keys. Redis and InfluxDB 1.x without authentication need none of them. @default those of the engine - the platform's Secrets have them */
    keys: secretKeys(engine).prefault({}),
  });

/** One database to protect; `connection` and the roles of `secret.keys` are its engine's own. */
const targetOf = (engine: Engine) =>
  z.strictObject({
    /** Name of the target: its folder in the stores, its CronJob `<name>-backup`, its scripts `<name>-backup.sh` and `<name>-restore.sh`. */
    name: targetName.refine((name) => !reserved.includes(name), {
      error: `expected none of ${reserved.join(', ')}`,
    }),
    /** Kind of database. */
    engine: z.literal(engine.name),
    /** How the server is reached, and what of it is backed up. */
    connection: engine.connection as z.ZodType<Connection>,
    /** Existing Secret with the credentials of the backup account: docs/reference/databases.md has the rights that it needs. */
    secret: accountSecret(engine),
    /** When it is backed up. `H` spreads the schedules of many targets in time. */
    schedule: spreadableCron,
    /** Longest time a run may take; a run is stopped shortly before. Becomes `activeDeadlineSeconds`. @default 1h - of the platform's databases none takes longer */
    deadline: duration.default('1h'),
    /** Retention of this target only. @default the plan's retention - most databases are alike */
    retention: targetRetention.optional(),
    /** Recovery point objective: an alert fires when the newest backup is older, and the stored log as well. @default 24h - one backup a day */
    rpo: duration.default('24h'),
    /** Recovery time objective: drills measure the restore against it. @default 1h - of the platform's databases none takes longer */
    rto: duration.default('1h'),
    /** Server for drills, under scratch names, where the job image has no server of the version. Not allowed for Redis, whose servers have nothing but live data. @default a server inside the job - a drill then uses no other server at all */
    drill: z
      .strictObject({
        /** How that server is reached. */
        connection: engine.connection as z.ZodType<Connection>,
        /** Existing Secret with the credentials of an account on that server. */
        secret: accountSecret(engine),
      })
      .optional(),
    /** Keeps the log of the database as it is written, so that any instant can be restored. PostgreSQL only. @default none - it needs a slot on the server, and an account that may replicate */
    pointInTime: pointInTimeOf(accountSecret(engine)).optional(),
    /** Stores what a database changes as a whole as files of their own, and those that did not change only once (docs/how-to/parts.md): `true`, `false`, or by its size, `auto`. InfluxDB, and PostgreSQL with `true` only. @default auto - an archive of a small database is one file, which needs no other; a large one costs each night what has changed */
    parts: z.union([z.boolean(), z.literal('auto')]).optional(),
    /** Backups between those by the schedule, where `parts` is true: docs/how-to/parts.md#between-the-nights. InfluxDB only. @default hourly ones where `parts` is true - they cost what has changed; `false` is none */
    increments: z.union([z.literal(false), increments]).optional(),
    /** Workloads that use the database: `restore --stop-services` scales them to 0 during a restore (docs/how-to/restore.md#while-nothing-writes). @default none - nothing is stopped that nobody named */
    services: z.array(serviceConfig).optional(),
  });

const [first, ...others] = Object.values(engines).map(targetOf);

export const targetSchema = z.discriminatedUnion('engine', [mustExist(first, 'engine'), ...others]);

/** Fields of a plan; the environment of the infrastructure program has them all and more of its own. */
export const planShape = {
  /** Name of the environment, the same as in the name of its file: `dev`, `prod`. */
  environment: dnsLabel,
  /** Least level of log lines. @default INFO - what was done, not how */
  logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
  retention: retentionPolicy.prefault({}),
  /** Encryption of the archives. */
  encryption: z
    .strictObject({
      /** False stores archives unencrypted and unauthenticated; refused in prod. @default true - archives leave the cluster */
      enabled: z.boolean().default(true),
      /** Secret with the passphrases, and with the S3 account where `stores.s3.credentials` is `secret`: docs/how-to/secrets.md. @default backup-encryption-secret - the name of the system's own Secret */
      secret: dnsLabel.default(secrets.encryption.name),
      /**
       * Passphrases. The first one seals new archives, all of them open old ones. To rotate, put a new one in front, and
       * run `rekey`, which rewrites archives, bases and log under the first. What Object Lock keeps stays as it is until the lock
       * ends, so its key stays in the plan until then.
       * @default one key, `primary`, from `encryption-key` of the Secret - one is enough until the first rotation
       */
      keys: z
        .array(
          z.strictObject({
            /** Name of the key, which manifests carry. */
            id: dnsLabel,
            /** Key of the Secret that holds the passphrase. */
            secretKey: z.string().min(1),
          }),
        )
        .min(1)
        .default([{ id: 'primary', secretKey: secrets.encryption.keys.passphrase }]),
    })
    .prefault({}),
  /** Compression of the archives. */
  compression: z
    .strictObject({
      /** `zstd` at level 1 makes smaller archives than gzip at 6, named `.tar.zst.enc`; recovery by hand then needs the program `zstd`. @default gzip - recovery by hand needs nothing but what every machine has */
      algorithm: z.enum(compressionNames).default('gzip'),
      /** Level of gzip or zstd: higher ones cost more time than they save space. igzip does gzip's 1 to 3 where it is installed. @default 1 - keeps pace with pg_dump: docs/reference/benchmarks.md */
      level: z.int().min(1).max(9).default(1),
    })
    .prefault({}),
  /** Where archives are kept: on a volume, in S3, or both. With both, the volume is the primary store. */
  stores: z
    .strictObject({
      /** Volume of the cluster. @default none - then archives go to S3 alone */
      directory: directoryConfig.optional(),
      /** Bucket of S3 or of a compatible server. @default none - then archives stay on the volume */
      s3: s3Config.optional(),
    })
    .refine(({ directory, s3 }) => directory ?? s3?.sync, {
      error: 'expected a directory, or s3 with sync: true',
    }),
  /** Databases to back up. */
  targets: z.array(targetSchema).min(1).transform(spreadTargets),
  /** Verification of the archives, all targets in one run. */
  verification: z.strictObject({
    /** When archives are verified. */
    schedule: cron,
    /** `quick` checks manifest, key and size; `deep` also reads every byte of the newest archive. @default deep - only reading every byte finds silent damage */
    level: z.enum(['quick', 'deep']).default('deep'),
    /** Longest time the run may take. @default 1h - it reads each newest archive once */
    deadline: duration.default('1h'),
    /** Days that reports are kept. @default the plan's retention.days - a report outlives its archives by no day */
    reportDays: z.int().min(1).optional(),
  }),
  /** Drills: the newest archive of every target is restored into a scratch server, and compared. */
  drill: z
    .strictObject({
      /** When drills run. @default 0 8 * * 0 - Sundays, after the night's backups and their verification */
      schedule: cron.default('0 8 * * 0'),
      /** Longest time all drills of a run may take together. @default 6h - every target is restored, one after the other */
      deadline: duration.default('6h'),
    })
    .prefault({}),
  anomalies: anomalyPolicy.prefault({}),
  notifications: notificationsConfig.prefault({}),
  /** Prometheus Pushgateway to which every run pushes its metrics: docs/reference/metrics.md. @default none - the exporter publishes the same facts */
  pushgateway: z
    .strictObject({
      /** Its address, such as `http://host:9091`. */
      url: z.url({ protocol: /^https?$/ }),
    })
    .optional(),
  /** The console: docs/how-to/console.md. @default none - nobody serves it */
  console: consoleConfig.optional(),
} as const;

export const planSchema = z.strictObject(planShape).superRefine(checkPlan, always);

export type Plan = z.output<typeof planSchema>;
export type Target = Plan['targets'][number];
