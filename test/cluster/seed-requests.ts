import { names } from '../../runtime/src/contract/names.ts';
import type { Request } from '../kit/rbac.ts';
import { inRestorePod, seedCommands } from '../kit/seed.ts';
import { roles, type Role } from './people.ts';

/** What the API server is asked for by a command, and who may ask it; nobody: administrators only. */
export interface Asked {
  readonly who: readonly Role[];
  readonly asks: readonly Request[];
}

const both = roles;
const administrators = [] as const;

const looks: readonly Request[] = [
  ['list', '', 'pods'],
  ['get', '', 'pods/log'],
];

const inPod: readonly Request[] = [
  ['get', '', 'pods', names.restorePod],
  ['create', '', 'pods/exec', names.restorePod], // over SPDY
  ['get', '', 'pods/exec', names.restorePod], // over WebSocket
];

const startOf = (cronJob: string): readonly Request[] => [
  ['get', 'batch', 'cronjobs', cronJob],
  ['create', 'batch', 'jobs'],
];

const special: Readonly<Record<string, Asked>> = {
  'kubectl get cronjobs -n grill-stats': { who: both, asks: [['list', 'batch', 'cronjobs']] },
  'kubectl get jobs -n grill-stats -l app.kubernetes.io/component=backup': {
    who: both,
    asks: [['list', 'batch', 'jobs']],
  },
  'kubectl logs -n grill-stats -l app.kubernetes.io/name=postgresql-backup': { who: both, asks: looks },
  'kubectl logs -n grill-stats -l app.kubernetes.io/name=backup-verification': { who: both, asks: looks },
  'kubectl logs -n grill-stats job/postgresql-backup': {
    who: both,
    asks: [['get', 'batch', 'jobs', 'postgresql-backup'], ...looks],
  },
  // `kubectl replace --force`
  'kubectl apply -f apps/grill-stats/backup/base/backup-restore-job.yaml': {
    who: ['restore'],
    asks: [
      ['delete', '', 'pods', names.restorePod],
      ['get', '', 'pods', names.restorePod],
      ['create', '', 'pods'],
    ],
  },
  'kubectl wait --for=condition=Ready pod -l app.kubernetes.io/name=backup-restore-job -n grill-stats': {
    who: both,
    asks: [
      ['list', '', 'pods'],
      ['watch', '', 'pods'],
    ],
  },
  'kubectl get configmap backup-config -n grill-stats -o yaml': {
    who: both,
    asks: [['get', '', 'configmaps', names.configMap]],
  },
  'kubectl edit cronjob postgresql-backup -n grill-stats': {
    who: administrators,
    asks: [['patch', 'batch', 'cronjobs', 'postgresql-backup']],
  },
  'kubectl edit configmap backup-scripts -n grill-stats': {
    who: administrators,
    asks: [['patch', '', 'configmaps', names.scriptsConfigMap]],
  },
  'kubectl get secret backup-encryption-secret -n grill-stats': {
    who: administrators,
    asks: [['get', '', 'secrets', 'backup-encryption-secret']],
  },
};

const askedBy = (command: string): Asked | undefined => {
  const [, cronJob] = /--from=cronjob\/(\S+)/.exec(command) ?? [];
  if (cronJob) return { who: ['oncall'], asks: startOf(cronJob) };
  return inRestorePod(command) ? { who: both, asks: inPod } : special[command];
};

/** Commands of the seed that ask the API server as somebody who is no administrator, or are refused; not those that deploy. */
export const seedRequests: Readonly<Record<string, Asked>> = Object.fromEntries(
  seedCommands.flatMap((command) => {
    const asked = askedBy(command);
    return asked ? [[command, asked]] : [];
  }),
);

/** What nobody but an administrator may do, besides those commands. */
export const forbidden: readonly Request[] = [
  ['patch', '', 'configmaps', names.configMap],
  ['list', '', 'secrets'],
  ['watch', '', 'secrets'],
  ['get', '', 'secrets', 'postgresql-secret'],
  ['get', '', 'configmaps', 'somebody-elses'],
  ['list', '', 'configmaps'],
  ['create', '', 'pods/exec', 'postgresql-0'],
  ['get', '', 'pods/exec', 'postgresql-0'],
  ['create', '', 'pods/attach', names.restorePod],
  ['create', '', 'pods/portforward', names.restorePod],
  ['patch', '', 'pods/ephemeralcontainers', names.restorePod],
  ['delete', '', 'pods', 'postgresql-0'],
  ['patch', '', 'pods', 'postgresql-0'],
  ['deletecollection', '', 'pods'],
  ['update', '', 'pods', names.restorePod],
  ['delete', 'batch', 'jobs', 'postgresql-backup'],
  ['delete', 'batch', 'cronjobs', 'postgresql-backup'],
  ['create', 'batch', 'cronjobs'],
  ['create', '', 'serviceaccounts/token', names.restoreAccount],
  ['patch', 'apps', 'deployments', names.exporter],
  ['patch', 'apps', 'deployments/scale', names.exporter],
  ['delete', '', 'persistentvolumeclaims', names.volumeClaim],
  ['patch', 'rbac.authorization.k8s.io', 'rolebindings', names.oncallRole],
  ['escalate', 'rbac.authorization.k8s.io', 'roles', names.oncallRole],
  ['patch', 'networking.k8s.io', 'networkpolicies', 'backup-default-deny'],
];

/** Other things that somebody looks at. */
const looked: readonly Request[] = [
  ['list', '', 'events'],
  ['watch', 'batch', 'cronjobs'],
  ['get', 'batch', 'cronjobs', 'backup-drill'],
  ['get', 'batch', 'cronjobs', 'somebody-elses'],
  ['get', '', 'configmaps', names.scriptsConfigMap],
  ['get', '', 'pods', 'postgresql-0'],
  ['patch', '', 'pods', names.restorePod],
];

/** Each request once: what a real authorizer is asked, for everybody. */
export const everyRequest: readonly Request[] = [
  ...new Map(
    [...Object.values(seedRequests).flatMap(({ asks }) => asks), ...looked, ...forbidden].map((request) => [
      request.join(' '),
      request,
    ]),
  ).values(),
];
