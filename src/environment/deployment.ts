import { z } from 'zod';
import { duration, secondsOf } from '../../runtime/src/plan/duration.ts';
import { dnsLabel } from '../../runtime/src/plan/schema.ts';
import { awsConfig } from '../aws/config.ts';
import { labels, network, peer } from './network.ts';
import { quota, resources, size } from './resources.ts';

/** What a target says besides the plan. */
export const targetDeployment = {
  /** Where its server runs, for NetworkPolicies; ports come from `connection`. */
  network: peer
    .safeExtend({
      /**
       * True: also makes a policy on the server's side, which lets the backup and the restore pod in.
       * @default false - the first policy of a pod shuts out everything that it does not name, such as applications
       */
      ingress: z.boolean().default(false),
    })
    .refine(({ ingress, podLabels }) => !ingress || podLabels, {
      path: ['podLabels'],
      error: 'expected the labels of the pods that the policy of `ingress` selects',
    }),
  /** Resources of this target only. @default the environment's resources - one figure to tune while databases are alike */
  resources: resources.optional(),
} as const;

/** Of the pod that receives a log. */
export const receiverResources = resources.prefault({
  requests: { cpu: '50m', memory: '192Mi', ephemeralStorage: '64Mi' },
  limits: { cpu: '1', memory: '512Mi', ephemeralStorage: '256Mi' },
});

const secretSource = <T extends z.ZodType>(reference: T) => ({
  /** Entry for the encryption Secret. */
  encryption: reference,
  /** Entry for Secret `backup-notification-secret`. */
  notification: reference,
});

/** Where the system's own Secrets come from, one of three: docs/how-to/secrets.md. */
const secrets = z
  .strictObject({
    /** 1Password operator: one OnePasswordItem per Secret. @default none - one of the three sources is required */
    onePassword: z
      .strictObject({
        /** Vault of the items. */
        vault: z.string().min(1),
        /** Titles of the items. */
        items: z.strictObject(secretSource(z.string().min(1))),
      })
      .optional(),
    /** External Secrets operator: one ExternalSecret per Secret, each key a property of the remote entry. @default none - one of the three sources is required */
    externalSecret: z
      .strictObject({
        /** Store to read from. */
        storeName: dnsLabel,
        /** Kind of the store. @default ClusterSecretStore - one store of the platform serves every namespace */
        storeKind: z.enum(['ClusterSecretStore', 'SecretStore']).default('ClusterSecretStore'),
        /** How often the store is read. @default 1h - a rotated key is read long before the next night */
        refreshInterval: duration.default('1h'),
        /** Entries of the store. */
        remoteKeys: z.strictObject(secretSource(z.string().min(1))),
      })
      .optional(),
    /** Pulumi: each key of the Secrets is a secret of the stack's configuration under the same name; synth writes no Secret. @default none - one of the three sources is required */
    pulumi: z.literal(true).optional(),
  })
  .refine((sources) => Object.values(sources).filter(Boolean).length === 1, {
    error: 'expected one of onePassword, externalSecret and pulumi',
  });

/** CronJobs start late rather than never: a controller that was away for less than this still starts the run. */
const leastStartingDeadlineSeconds = 3600;

/** Jobs of all CronJobs. */
const jobs = z
  .strictObject({
    /** A run that could not start for longer than this is skipped. @default 1h - a control plane that is upgraded is away for less */
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
    /** Number of finished Jobs that are kept. */
    history: z
      .strictObject({
        /** Jobs that succeeded. @default 3 - enough to compare the last with those before */
        successful: z.int().min(1).max(50).default(3),
        /** Jobs that failed. @default 3 - enough to compare the last with those before */
        failed: z.int().min(1).max(50).default(3),
      })
      .prefault({}),
    /** Finished Jobs are removed after this, those made by hand too. @default 7d - logs of a week are still there after a holiday */
    keepFinished: duration.default('7d'),
  })
  .prefault({});

const small = {
  requests: { cpu: '20m', memory: '128Mi', ephemeralStorage: '64Mi' },
  limits: { cpu: '500m', memory: '512Mi', ephemeralStorage: '1Gi' },
};

/**
 * Namespace of everything. A name alone is a namespace of the platform's, which has to be there and is left as it is.
 * `{ name: …, create: true }` makes it, for a namespace that holds nothing else: it is removed with the manifests, and everything
 * in it. Its labels warn of pods that are not `restricted` and refuse none.
 */
const namespace = z.union(
  [
    dnsLabel.transform((name) => ({ name, create: false })),
    z.strictObject({
      /** Name of the namespace. */
      name: dnsLabel,
      /** True: makes the namespace. @default false - databases live there as well */
      create: z.boolean().default(false),
    }),
  ],
  { error: 'expected a name in lower case, or name and create' },
);

/** Fields of an environment besides those of the plan. */
export const deploymentShape = {
  namespace,
  /** Name of the platform: label `app.kubernetes.io/part-of` of every object, by which NetworkPolicies select pods, and title of the dashboards. */
  platform: dnsLabel,
  /** Job image: docs/reference/job-image.md. */
  image: z.strictObject({
    /** Repository without tag. */
    repository: z.string().regex(/^[a-z0-9.:-]+(\/[a-z0-9._-]+)+$/, {
      error: 'expected a repository such as ghcr.io/owner/name',
    }),
    /** Tag; `latest` is refused. */
    tag: z
      .string()
      .regex(/^\w[\w.-]{0,127}$/, { error: 'expected a tag' })
      .refine((tag) => tag !== 'latest', { error: 'expected a fixed version' }),
    /** Digest of the image; required in prod, as a tag can be moved. A release names it, and `docker buildx imagetools inspect <repository>:<tag>` prints it: docs/how-to/releasing.md. @default none - outside of prod the tag is enough */
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected sha256: and 64 hexadecimal digits' })
      .optional(),
    /** Existing Secrets with the credentials of a private registry. @default none - the image is public */
    pullSecrets: z.array(dnsLabel).default([]),
  }),
  /** Existing PriorityClass of every pod. @default the cluster's - a backup that waits is not worth an application's pod */
  priorityClass: dnsLabel.optional(),
  /** Resources of every backup, verification and drill container, as far as these have none of their own, and of the restore pod. */
  resources,
  /** Resources of the exporter. @default 20m, 128Mi and 64Mi; limits 500m, 512Mi and 1Gi - it reads manifests, not archives */
  exporterResources: resources.prefault(small),
  /**
   * Keys of the encryption Secret with an S3 account that can only read, for the exporter: docs/how-to/secrets.md#the-exporter.
   * @default none - the exporter uses the account of the backups
   */
  exporterS3Keys: z
    .strictObject({
      /** Key that holds the access key id. */
      accessKey: z.string().min(1),
      /** Key that holds the secret access key. */
      secretKey: z.string().min(1),
    })
    .optional(),
  /** ResourceQuota `backup-quota` of the namespace. It has to admit exporter, receivers, console, restore pod and the largest run together. @default none - it would bind whatever else runs in the namespace */
  quota: quota.optional(),
  /** LimitRange `backup-limits`: what a container in the namespace gets that asks for nothing. @default none - it would bind whatever else runs in the namespace */
  limitRange: resources.optional(),
  /** Volume of the archives. */
  storage: z.strictObject({
    /** Size of the volume. */
    size,
    /** StorageClass of the volume. @default the cluster's default class - names of classes differ everywhere */
    className: dnsLabel.optional(),
    /** Access mode of the volume. With `ReadWriteOnce` pods prefer the node that has it. @default ReadWriteOnce - what every cluster offers */
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce'),
  }),
  secrets,
  jobs,
  network,
  /** Groups of people, as the cluster's identity provider names them. */
  access: z
    .strictObject({
      /** Groups that may start backups and exec into the restore pod. @default none - rights are given, not taken */
      oncallGroups: z.array(z.string().min(1)).default([]),
      /** Groups that may also create and delete the restore pod. @default none - rights are given, not taken */
      restoreGroups: z.array(z.string().min(1)).default([]),
      /**
       * ValidatingAdmissionPolicies that allow these groups no other Jobs and pods than ours, as anyone who may create one can
       * mount every Secret of the namespace. False for clusters before 1.30, which have none. @default true - rights are given as narrow as they can be
       */
      admissionPolicies: z.boolean().default(true),
    })
    .prefault({}),
  /** Prometheus, Grafana and the text of alerts. */
  monitoring: z.strictObject({
    /** Labels by which the Prometheus operator selects rules and monitors. @default `release: prometheus` - that of its Helm chart */
    labels: labels.prefault({ release: 'prometheus' }),
    /** Namespace of the Prometheus that scrapes. @default monitoring - that of kube-prometheus */
    prometheusNamespace: dnsLabel.default('monitoring'),
    /** Address of Grafana, for links in alerts. */
    grafanaUrl: z.url({ protocol: /^https?$/ }),
    /** Address of the page of `alerts/RUNBOOK.md`; each alert adds its own anchor. */
    runbookUrl: z.url({ protocol: /^https?$/ }),
    /** Label `team` of every alert. */
    team: z.string().min(1),
  }),
  aws: awsConfig,
} as const;
