/** Where a backup pod finds its files. Constructs mount them, the runtime reads them. */
export const mounts = {
  backup: '/backup',
  config: '/config',
  plan: '/config/plan.json',
  scripts: '/scripts',
  /** One folder per Secret, one file per key: `/secrets/<secret>/<key>`. */
  secrets: '/secrets',
  /** One folder per ConfigMap with a CA, one file per key: `/certificates/<configmap>/<key>`. */
  configMaps: '/certificates',
  scratch: '/tmp',
  /** The kubelet's, where a pod asks for a token: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
} as const;

/** Environment variables that move the places above, for runs outside a pod. */
export const mountVariables = {
  plan: 'GRILL_BACKUP_PLAN',
  secrets: 'GRILL_BACKUP_SECRETS',
  configMaps: 'GRILL_BACKUP_CERTIFICATES',
  serviceAccount: 'GRILL_BACKUP_SERVICE_ACCOUNT',
} as const;
