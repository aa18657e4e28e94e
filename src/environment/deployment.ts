import { z } from 'zod';
import { duration, secondsOf } from '../../runtime/src/plan/duration.ts';
import { dnsLabel } from '../../runtime/src/plan/schema.ts';
import { awsConfig } from '../aws/config.ts';
import { labels, network, peer } from './network.ts';
import { quota, resources, size } from './resources.ts';

/** What a target says besides the plan. */
export const targetDeployment = {
  /** Where its server runs; ports come from the engine. */
  network: peer
    .safeExtend({
      /**
       * True: also a policy on the server's side, which lets the backup and the restore pod in.
       * @default false - the first policy of a pod shuts out whoever it does not name, such as its applications
       */
      ingress: z.boolean().default(false),
    })
    .refine(({ ingress, podLabels }) => !ingress || podLabels, {
      path: ['podLabels'],
      error: 'expected the labels of the pods that the policy of `ingress` selects',
    }),
  /** @default the environment's resources - one figure to tune while databases are alike */
  resources: resources.optional(),
} as const;

const secretSource = <T extends z.ZodType>(reference: T) => ({
  encryption: reference,
  notification: reference,
});

const secrets = z
  .strictObject({
    /** 1Password operator: one OnePasswordItem per Secret. */
    onePassword: z
      .strictObject({ vault: z.string().min(1), items: z.strictObject(secretSource(z.string().min(1))) })
      .optional(),
    /** External Secrets operator: one ExternalSecret per Secret, each key a property of the remote entry. */
    externalSecret: z
      .strictObject({
        storeName: dnsLabel,
        /** @default ClusterSecretStore - one store of the platform serves every namespace */
        storeKind: z.enum(['ClusterSecretStore', 'SecretStore']).default('ClusterSecretStore'),
        /** @default 1h - a rotated key is read long before the next night */
        refreshInterval: duration.default('1h'),
        remoteKeys: z.strictObject(secretSource(z.string().min(1))),
      })
      .optional(),
    /** Pulumi: each key of the Secrets is a secret of the stack's configuration under the same name; synth writes no Secret. */
    pulumi: z.literal(true).optional(),
  })
  .refine((sources) => Object.values(sources).filter(Boolean).length === 1, {
    error: 'expected one of onePassword, externalSecret and pulumi',
  });

/** CronJobs start late rather than never: a controller that was away for less than this still starts the run. */
const leastStartingDeadlineSeconds = 3600;

const jobs = z
  .strictObject({
    /** @default 1h - a control plane that is upgraded is away for less */
    startingDeadline: duration
      .refine(
        (text) => !duration.safeParse(text).success || secondsOf(text) >= leastStartingDeadlineSeconds,
        {
          error: 'expected at least 1h, or a controller that is late skips the run silently',
        },
      )
      .default('1h'),
    /** Tries after the first. @default 2 - what a restart of the database or the network takes */
    retries: z.int().min(0).max(10).default(2),
    /** Finished Jobs kept by outcome. @default 3 and 3 - enough to compare the last with those before */
    history: z
      .strictObject({
        successful: z.int().min(1).max(50).default(3),
        failed: z.int().min(1).max(50).default(3),
      })
      .prefault({}),
    /** After this, also Jobs made by hand go. @default 7d - logs of a week are at hand after a holiday */
    keepFinished: duration.default('7d'),
  })
  .prefault({});

const small = {
  requests: { cpu: '20m', memory: '128Mi', ephemeralStorage: '64Mi' },
  limits: { cpu: '500m', memory: '512Mi', ephemeralStorage: '1Gi' },
};

/**
 * Where everything lives. A name alone is a namespace of the platform's, which has to be there and is left as it is;
 * `create: true` makes it, and with it everything in it goes when the manifests are deleted.
 */
const namespace = z.union(
  [
    dnsLabel.transform((name) => ({ name, create: false })),
    z.strictObject({
      name: dnsLabel,
      /** @default false - databases live there as well */
      create: z.boolean().default(false),
    }),
  ],
  { error: 'expected a name in lower case, or name and create' },
);

/** Fields of an environment besides those of the plan. */
export const deploymentShape = {
  namespace,
  /** Label `app.kubernetes.io/part-of` of every object, and the title of the dashboard. */
  platform: dnsLabel,
  image: z.strictObject({
    repository: z.string().regex(/^[a-z0-9.:-]+(\/[a-z0-9._-]+)+$/, {
      error: 'expected a repository such as ghcr.io/owner/name',
    }),
    tag: z
      .string()
      .regex(/^\w[\w.-]{0,127}$/, { error: 'expected a tag' })
      .refine((tag) => tag !== 'latest', { error: 'expected a fixed version' }),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected sha256: and 64 hexadecimal digits' })
      .optional(),
    /** Existing Secrets with the credentials of a private registry. @default none - the image is public */
    pullSecrets: z.array(dnsLabel).default([]),
  }),
  /** Existing PriorityClass of every pod. @default the cluster's - a backup that waits is not worth an application's pod */
  priorityClass: dnsLabel.optional(),
  /** Of every backup, verification and drill container. */
  resources,
  /** Of the exporter. @default small - it reads manifests, not archives */
  exporterResources: resources.prefault(small),
  /**
   * Keys of the encryption Secret with an S3 account that can read and no more, which the exporter gets in the place of the
   * one that writes archives. @default none - the exporter uses the account of the backups
   */
  exporterS3Keys: z.strictObject({ accessKey: z.string().min(1), secretKey: z.string().min(1) }).optional(),
  /** ResourceQuota `backup-quota`. @default none - it would bind whatever else runs in the namespace */
  quota: quota.optional(),
  /** LimitRange `backup-limits`: what a container in the namespace gets that asks for nothing. @default none - it would bind what else runs there */
  limitRange: resources.optional(),
  storage: z.strictObject({
    size,
    /** @default the cluster's default class - names of classes differ everywhere */
    className: dnsLabel.optional(),
    /** @default ReadWriteOnce - what every cluster offers */
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce'),
  }),
  secrets,
  jobs,
  network,
  access: z
    .strictObject({
      /** Groups that may start backups and exec into the restore pod. @default none - rights are given, not taken */
      oncallGroups: z.array(z.string().min(1)).default([]),
      /** Groups that may also create and delete the restore pod. @default none - rights are given, not taken */
      restoreGroups: z.array(z.string().min(1)).default([]),
      /**
       * ValidatingAdmissionPolicies that allow these groups no other Jobs and pods than ours, as whoever may create one can
       * mount every Secret of the namespace. False for clusters before 1.30, which have none. @default true - rights are given as narrow as they can be
       */
      admissionPolicies: z.boolean().default(true),
    })
    .prefault({}),
  monitoring: z.strictObject({
    /** By which the Prometheus operator selects rules and monitors. @default release: prometheus - that of its Helm chart */
    labels: labels.prefault({ release: 'prometheus' }),
    /** Namespace of the Prometheus that scrapes. @default monitoring - that of kube-prometheus */
    prometheusNamespace: dnsLabel.default('monitoring'),
    grafanaUrl: z.url({ protocol: /^https?$/ }),
    /** Page of alerts/RUNBOOK.md; each alert adds its own anchor. */
    runbookUrl: z.url({ protocol: /^https?$/ }),
    /** Label `team` of every alert. */
    team: z.string().min(1),
  }),
  aws: awsConfig,
} as const;
