import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { z } from 'zod';
import { resourceOf, serviceConfig } from '../../runtime/src/cluster/config.ts';
import { cronJobNames, names, podAccounts } from '../../runtime/src/contract/names.ts';
import { planShape } from '../../runtime/src/plan/schema.ts';
import { podRoleArn } from '../aws/account.ts';
import { deploymentShape } from '../environment/deployment.ts';
import { checked, type Props } from './props.ts';
import { rbac, serviceAccount } from './rbac.ts';

type Rules = k8s.PolicyRule[];

const restorePodOnly = { resourceNames: [names.restorePod] };

/** `kubectl get`, `kubectl wait -l` and `kubectl logs`; a list cannot be limited to names. No ConfigMap here holds a secret. */
const look: Rules = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    verbs: ['get'],
    resourceNames: [names.configMap, names.scriptsConfigMap],
  },
  // why a pod waits, or a Job gets none, is told by events alone: `kubectl describe`
  { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'watch'] },
];

/** `kubectl exec`: create over SPDY, get over WebSocket. */
const execInRestorePod: Rules = [
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'], ...restorePodOnly },
];

/** `kubectl get cronjobs`, and of each what it runs. */
const lookAtCronJobs = (cronJobs: string[]): Rules => [
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['list', 'watch'] },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get'], resourceNames: cronJobs },
];

/** `kubectl create job --from=cronjob/…`; creating cannot be limited to names, admission.ts says which Jobs. */
const startBackups: Rules = [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] }];

/** `kubectl replace --force`, `kubectl apply` and `kubectl delete` of the restore pod. Creating a pod cannot be limited to a name. */
const manageRestorePod: Rules = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['patch', 'delete'], ...restorePodOnly },
];

type Services = readonly z.output<typeof serviceConfig>[];

/** Scaling what the plan names, and seeing its pods go: a list cannot be limited to names. */
const scale = (services: Services): Rules => [
  ...[...Map.groupBy(services, ({ kind }) => resourceOf[kind])].map(([resource, some]) => ({
    apiGroups: ['apps'],
    resources: [`${resource}/scale`],
    verbs: ['get', 'patch'],
    resourceNames: [...new Set(some.map(({ name }) => name))].sort(),
  })),
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
];

const accessProps = z.object({
  namespace: deploymentShape.namespace,
  /** Whose CronJobs on-call may start, and whose services a restore may stop. */
  targets: z.array(
    z.object({
      /** Name of the target. */
      name: z.string().min(1),
      /** Workloads that use its database. @default none - a restore then stops nothing */
      services: z.array(serviceConfig).optional(),
      /** Present where its log is kept: a receiver then has an account, and its bases a CronJob. @default none - nothing keeps its log */
      pointInTime: z.unknown().optional(),
    }),
  ),
  access: deploymentShape.access,
  /** Where the pods have a role in AWS, their accounts name it. */
  aws: deploymentShape.aws,
  /** Stores, of which S3 is what a role is for. @default none - then no role is made */
  stores: planShape.stores.optional(),
});

export type BackupAccessProps = Props<typeof accessProps>;

/**
 * Service accounts of the pods, and roles of the people who use them. Only the restore pod calls the Kubernetes API, where
 * targets name services that a restore may stop.
 */
export class BackupAccess extends Construct {
  constructor(scope: Construct, id: string, props: BackupAccessProps) {
    super(scope, id);
    const system = checked(this, accessProps, props);
    if (!system) return;
    const { targets, access } = system;
    const cronJobs = lookAtCronJobs([...cronJobNames(targets)]);
    const role = podRoleArn(system);
    for (const name of podAccounts(targets)) serviceAccount(this, `${name}-account`, name, role);
    this.role(
      names.oncallRole,
      [...look, ...cronJobs, ...startBackups, ...execInRestorePod],
      access.oncallGroups,
    );
    this.role(
      names.restoreAccount,
      [...look, ...cronJobs, ...manageRestorePod, ...execInRestorePod],
      access.restoreGroups,
    );
    this.services(system);
  }

  /** A role in each namespace that has services to stop. */
  private services({ namespace: { name: own }, targets }: z.output<typeof accessProps>): void {
    const services = targets.flatMap((target) => target.services ?? []);
    const subjects = [{ kind: 'ServiceAccount', name: names.restoreAccount, namespace: own }];
    for (const [namespace, some] of Map.groupBy(services, (service) => service.namespace ?? own)) {
      const metadata = { name: names.servicesRole, namespace };
      new k8s.KubeRole(this, `${namespace}-services-role`, { metadata, rules: scale(some) });
      new k8s.KubeRoleBinding(this, `${namespace}-services-binding`, {
        metadata,
        roleRef: { apiGroup: rbac, kind: 'Role', name: names.servicesRole },
        subjects,
      });
    }
  }

  private role(name: string, rules: Rules, groups: readonly string[]): void {
    new k8s.KubeRole(this, `${name}-role`, { metadata: { name }, rules });
    new k8s.KubeRoleBinding(this, `${name}-binding`, {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: groups.map((group) => ({ apiGroup: rbac, kind: 'Group', name: group })),
    });
  }
}
