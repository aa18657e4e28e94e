import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import { overrides } from '../../runtime/src/contract/overrides.ts';
import type { Environment } from '../environment/environment.ts';
import { partVariables, runLabel } from '../../runtime/src/contract/parts.ts';
import { podOfRun, type CronJobRun } from './backup-cron-job.ts';
import { clusterWide } from './cluster-wide.ts';
import { cronJobRuns } from './cron-jobs.ts';
import { labelsOf, nameLabel, systemLabels } from './labels.ts';
import { cel, onlyOurs, scriptPath, type Validation } from './admission-rules.ts';
import { restorePodSpec } from './restore-pod.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

interface Policy {
  readonly groups: readonly string[];
  readonly resource: {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly operations: string[];
  };
  readonly validations: readonly Validation[];
}

/** Set by defaults of Jobs (pkg/registry/batch/job/strategy.go). */
const labelsOfJobs = [
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'controller-uid',
  'job-name',
];

const together = (runs: readonly CronJobRun[]): readonly CronJobRun[] =>
  runs.filter(({ parallelism }) => parallelism > 1);

/** As many pods as the CronJob says, which its label names. */
const podsOfJob = (runs: readonly CronJobRun[]): string => {
  const shared = Object.fromEntries(together(runs).map(({ name, parallelism }) => [name, parallelism]));
  const pods = Object.keys(shared).length
    ? `${cel(shared)}[?object.metadata.labels[${cel(nameLabel)}]].orValue(1)`
    : '1';
  return `object.spec.?parallelism.orValue(1) == ${pods} && object.spec.?completions.orValue(1) == ${pods}`;
};

/** By its label a Job says whose it is; that CronJob owns it, and the labels of its pod, by which policies select, are the same. */
const belongsToCronJob = (environment: Environment, runs: readonly CronJobRun[]): Validation => ({
  expression: [
    `object.metadata.?labels[${cel(nameLabel)}].orValue('') in ${cel(runs.map(({ name }) => name))}`,
    `object.metadata.?ownerReferences.orValue([]).exists_one(owner, owner.kind == 'CronJob' && owner.apiVersion == 'batch/v1'` +
      ` && owner.name == object.metadata.labels[${cel(nameLabel)}])`,
    `object.spec.template.metadata.labels.all(key, key in ${cel(labelsOfJobs)}` +
      ` || ${cel(systemLabels(environment))}[?key] == optional.of(object.spec.template.metadata.labels[key])` +
      ` || key == ${cel(nameLabel)} && object.spec.template.metadata.labels[key] == object.metadata.labels[key])`,
    'object.spec.template.metadata.?annotations.orValue({}).size() == 0',
    podsOfJob(runs),
  ].join(' && '),
  message: 'only Jobs made from a CronJob of the backup system: kubectl create job --from=cronjob/<name>',
});

/** Variables of pods that share a run; none of them can be another value than that of a CronJob. */
const partVariable = (runs: readonly CronJobRun[]): string => {
  const counts = [...new Set(together(runs).map(({ parallelism }) => String(parallelism)))];
  if (counts.length === 0) return '';
  return (
    ` || variable.name == ${cel(partVariables.count)} && variable.?value.orValue('') in ${cel(counts)}` +
    ` || variable.name == ${cel(partVariables.run)}` +
    ` && variable.?valueFrom.?fieldRef.?fieldPath.orValue('') == ${cel(`metadata.labels['${runLabel}']`)}`
  );
};

const runsScript = (runs: readonly CronJobRun[]): Validation => ({
  expression:
    `object.spec.template.spec.containers.all(container, container.command.size() == 1 && container.command[0] in ${cel(runs.map(({ script }) => scriptPath(script)))}` +
    ` && !has(container.args) && container.?env.orValue([]).all(variable, variable.name in ${cel(Object.keys(overrides))}` +
    ` && variable.?valueFrom.?configMapKeyRef.?name.orValue('') == ${cel(names.configMap)}${partVariable(runs)}))`,
  message: 'only the scripts of the backup system, with the variables of its ConfigMap',
});

const isRestorePod = (environment: Environment): Validation => ({
  expression:
    `object.metadata.?name.orValue('') == ${cel(names.restorePod)}` +
    ` && object.metadata.?labels.orValue({}) == ${cel(labelsOf(environment, names.restorePod))}`,
  message: `only pod ${names.restorePod}, with its own labels, by which NetworkPolicies select`,
});

/**
 * Who may create a Job or a pod can read every Secret of the namespace, by mounting it. These policies allow people on call
 * Jobs as our CronJobs make them, and the restore pod, with no other Secret than theirs. Whoever may read the Secrets anyway
 * is not held by them. They have no params: an API server (1.33) keeps an old copy of a CronJob as param once all policies of
 * the kind were deleted and made again.
 */
export class BackupAdmission extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const { namespace, access } = environment;
    this.#namespace = namespace.name;
    if (!access.admissionPolicies) return;
    if (access.oncallGroups.length) this.jobs(environment);
    if (access.restoreGroups.length)
      this.policy('backup-restore-pod', {
        groups: access.restoreGroups,
        resource: { apiGroups: [''], resources: ['pods'], operations: ['CREATE', 'UPDATE'] },
        validations: [
          isRestorePod(environment),
          ...onlyOurs(environment, 'object.spec', names.restoreAccount, [restorePodSpec(environment)]),
        ],
      });
  }

  private jobs(environment: Environment): void {
    const runs = cronJobRuns(environment);
    this.policy('backup-jobs', {
      groups: environment.access.oncallGroups,
      resource: { apiGroups: ['batch'], resources: ['jobs'], operations: ['CREATE'] },
      validations: [
        belongsToCronJob(environment, runs),
        runsScript(runs),
        ...onlyOurs(environment, 'object.spec.template.spec', names.operatorAccount, runs.map(podOfRun)),
      ],
    });
  }

  private policy(name: string, { groups, resource, validations }: Policy): void {
    const policyName = `${this.#namespace}-${name}`; // without a namespace of its own
    this.clusterObject('ValidatingAdmissionPolicy', policyName, {
      failurePolicy: 'Fail',
      matchConstraints: {
        // both as the API server stores them: the whole of `matchConstraints` has one owner
        matchPolicy: 'Equivalent',
        objectSelector: {},
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': this.#namespace } },
        resourceRules: [{ ...resource, apiVersions: ['v1'], scope: 'Namespaced' }],
      },
      matchConditions: [
        { name: 'groups', expression: `request.userInfo.groups.exists(group, group in ${cel(groups)})` },
        {
          name: 'may-not-read-secrets',
          expression: `!authorizer.group('').resource('secrets').namespace(${cel(this.#namespace)}).check('get').allowed()`,
        },
      ],
      validations,
    });
    this.clusterObject('ValidatingAdmissionPolicyBinding', policyName, {
      policyName,
      validationActions: ['Deny'],
    });
  }

  private clusterObject(kind: string, name: string, spec: object): void {
    clusterWide(new ApiObject(this, `${kind}-${name}`, { apiVersion, kind, metadata: { name }, spec }));
  }
}
