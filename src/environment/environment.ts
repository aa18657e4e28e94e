import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { consoleConfig } from '../../runtime/src/plan/console.ts';
import { parseAll } from '../../runtime/src/plan/problems.ts';
import { always, checkPlan } from '../../runtime/src/plan/rules.ts';
import { spreadTargets } from '../../runtime/src/plan/spread-targets.ts';
import { planShape, targetSchema, type Plan, type Target } from '../../runtime/src/plan/schema.ts';
import { checkAws } from '../aws/rules.ts';
import { checkConsole, deployedConsole } from './console.ts';
import { deploymentShape, receiverResources, targetDeployment } from './deployment.ts';
import { peer } from './network.ts';
import { shortages, type Resources } from './resources.ts';

export type { DeployedConsole } from './console.ts';
export type { Peer } from './network.ts';
export type { Resources } from './resources.ts';

/** Key of the environment in Pulumi.<env>.yaml, under `config`. */
export const configKey = 'grill-stats-backup:environment';

type TargetOption = (typeof targetSchema.options)[number];

/** Restores to any instant, and what the pods get that keep the log and take the bases. */
const pointInTimeOf = (target: TargetOption) => {
  const { base, ...shape } = target.shape.pointInTime.unwrap().shape;
  return z.strictObject({
    ...shape,
    /** Resources of the receiver. @default 50m, 192Mi and 64Mi; limits 1, 512Mi and 256Mi - it holds some pieces in memory, and nothing on disk */
    resources: receiverResources,
    base: base
      .unwrap()
      .extend({
        /** Resources of the CronJob that takes bases. @default those of the target's backups - a base passes as a dump does */
        resources: targetDeployment.resources,
      })
      .prefault({}),
  });
};

/** A target of the plan, and where its servers run. */
const deployed = (target: TargetOption) =>
  target.extend({
    ...targetDeployment,
    drill: target.shape.drill
      .unwrap()
      .extend({
        /** Where that server runs, for NetworkPolicies. */
        network: peer,
      })
      .optional(),
    /** Keeps the log of the database as it is written, so that any instant can be restored. PostgreSQL only. @default none - it needs a slot on the server, and an account that may replicate */
    pointInTime: pointInTimeOf(target).optional(),
  });

const [first, ...others] = targetSchema.options.map(deployed);

/** Databases to back up, and where they run. */
export const deployedTargets = z
  .array(z.discriminatedUnion('engine', [mustExist(first, 'engine'), ...others]))
  .min(1)
  .transform(spreadTargets);

const { resources } = targetDeployment;

/** Pods that share the targets of a run: above 1 an Indexed Job, whose pods are tried again each by itself. */
const parallelism = z.int().min(1).default(1);

const drill = planShape.drill.unwrap();

const environmentShape = {
  ...planShape,
  ...deploymentShape,
  targets: deployedTargets,
  verification: planShape.verification.extend({
    /** Resources of the verification. @default the environment's resources - it reads as much as a backup writes */
    resources,
    /**
     * Pods that share the targets: docs/how-to/many-targets.md. Needs Kubernetes 1.29, and on one node, where the volume is
     * `ReadWriteOnce`, room for all of them. @default 1 - one pod verifies the targets one after the other
     */
    parallelism,
  }),
  drill: drill
    .extend({
      /**
       * Resources of drills. `limits.ephemeralStorage` has to hold the largest restored database, `limits.memory` the largest
       * Redis: docs/reference/job-image.md#room. @default the environment's resources - enough for small databases
       */
      resources,
      /**
       * Pods that share the targets, as `verification.parallelism`. Each has resources and scratch space of its own.
       * @default 1 - one pod restores the targets one after the other
       */
      parallelism,
    })
    .prefault({}),
  /** The console: docs/how-to/console.md. @default none - nobody serves it */
  console: deployedConsole.optional(),
};

type Draft = Partial<Pick<Environment, 'environment' | 'image'>> & {
  readonly stores?: Partial<Plan['stores']>;
  readonly network?: Partial<Environment['network']>;
  readonly targets?: unknown;
  readonly verification?: { readonly parallelism?: unknown };
  readonly drill?: { readonly parallelism?: unknown };
};

const namesServices = (targets: unknown): boolean =>
  Array.isArray(targets) && targets.some((target?: Partial<Target> | null) => target?.services?.length);

/** A pod without a target would start for nothing. */
const checkParallelism = (draft: Draft, issue: (path: string[], message: string) => void): void => {
  const most = Array.isArray(draft.targets) ? draft.targets.length : 0;
  if (most === 0) return;
  for (const run of ['verification', 'drill'] as const) {
    const pods = draft[run]?.parallelism;
    if (typeof pods === 'number' && pods > most)
      issue([run, 'parallelism'], `expected at most ${most}, the number of targets`);
  }
};

/** Rules that span the deployment and the plan. */
const checkDeployment = (input: unknown, context: z.core.$RefinementCtx): void => {
  const { environment, image, stores, network, targets } = input as Draft;
  const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (environment === 'prod' && image && !image.digest)
    issue(['image', 'digest'], 'expected sha256: and 64 hexadecimal digits in prod, as a tag can be moved');
  if (stores?.directory && stores.directory.path !== mounts.backup)
    issue(['stores', 'directory', 'path'], `expected ${mounts.backup}, where the volume is mounted`);
  checkParallelism(input as Draft, issue);
  checkConsole(input as Parameters<typeof checkConsole>[0], issue);
  if (namesServices(targets) && !network?.apiServer)
    issue(
      ['network', 'apiServer'],
      'expected the addresses that kubectl get endpoints kubernetes -n default shows, as targets name services',
    );
};

const whole = z.strictObject(environmentShape);

/** Whether a quota admits the pods; only where all figures are known to be figures. */
const checkQuota = (environment: z.output<typeof whole>, context: z.core.$RefinementCtx): void => {
  const { quota, exporterResources, targets, verification, drill: weekly, resources: usual } = environment;
  if (!quota) return;
  const consoles = environment.console?.enabled
    ? Array<Resources>(environment.console.replicas).fill(environment.console.resources)
    : [];
  const logs = targets.flatMap(({ resources: own, pointInTime }) =>
    pointInTime ? [{ ...pointInTime, base: { resources: own, ...pointInTime.base } }] : [],
  );
  const single = [...targets, ...logs.map(({ base }) => base)].map((run) => ({ ...run, parallelism: 1 }));
  const runs = [...single, verification, weekly].map((run) => ({
    resources: run.resources ?? usual,
    pods: run.parallelism,
  }));
  const lasting = [exporterResources, usual, ...consoles, ...logs.map((log) => log.resources)];
  for (const { path, message } of shortages(quota, lasting, runs))
    context.addIssue({ code: 'custom', path: [...path], message });
};

/** All that makes one environment: the plan of the runtime and how it is deployed. */
export const environmentSchema = whole
  .superRefine(checkPlan, always)
  .superRefine(checkDeployment, always)
  .superRefine(checkAws, always)
  .superRefine(checkQuota);

/** An environment that was checked, with every default filled in: docs/reference/configuration.md. */
export type Environment = z.output<typeof environmentSchema>;
export type EnvironmentTarget = Environment['targets'][number];

/**
 * Checks an environment, from a file or from pulumi.Config alike.
 * @param name of the stack: dev, prod
 * @throws BackupError plan.invalid with every problem
 */
export const parseEnvironment = (name: string, input: unknown): Environment => {
  const named = environmentSchema.superRefine(({ environment }, context) => {
    if (environment === name) return;
    context.addIssue({
      code: 'custom',
      path: ['environment'],
      message: `expected ${name}, the name of its file`,
    });
  }, always);
  return parseAll(`Pulumi.${name}.yaml`, named, input);
};

const filePattern = /^Pulumi\.([a-z0-9-]+)\.yaml$/;

/** Without the excerpt that js-yaml adds: it may show what is secret. */
const parseYaml = (file: string): unknown => {
  try {
    return load(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = (error.mark?.line ?? 0) + 1;
    throw new BackupError('plan.invalid', `${basename(file)} is not YAML: ${error.reason}, line ${line}`);
  }
};

/** Reads a file `Pulumi.<env>.yaml`. @throws BackupError plan.invalid */
export const readEnvironment = (file: string): Environment => {
  const name = filePattern.exec(basename(file))?.[1] ?? basename(file);
  const stack = parseYaml(file) as { readonly config?: Readonly<Record<string, unknown>> } | undefined;
  return parseEnvironment(name, stack?.config?.[configKey]);
};

/** Paths of all environment files of a folder, in order of name. */
export const environmentFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => filePattern.test(file))
    .sort()
    .map((file) => join(folder, file));

const pick = (value: object, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));

const [planTarget] = targetSchema.options;

const { drill: planDrill, pointInTime: planPointInTime } = planTarget.shape;

const planPointInTimeOf = (pointInTime: NonNullable<EnvironmentTarget['pointInTime']>): object => {
  const { base, ...shape } = planPointInTime.unwrap().shape;
  return {
    ...pick(pointInTime, Object.keys(shape)),
    base: pick(pointInTime.base, Object.keys(base.unwrap().shape)),
  };
};

const planTargetOf = (target: EnvironmentTarget): Target =>
  ({
    ...pick(target, Object.keys(planTarget.shape)),
    ...(target.drill && { drill: pick(target.drill, Object.keys(planDrill.unwrap().shape)) }),
    ...(target.pointInTime && { pointInTime: planPointInTimeOf(target.pointInTime) }),
  }) as Target;

/** The part of an environment that the runtime reads. */
export const planOf = (environment: Environment): Plan => {
  const { targets, verification, drill: weekly, console: pages } = environment;
  return {
    ...pick(environment, Object.keys(planShape)),
    targets: targets.map(planTargetOf),
    verification: pick(verification, Object.keys(planShape.verification.shape)),
    drill: pick(weekly, Object.keys(drill.shape)),
    ...(pages && { console: pick(pages, Object.keys(consoleConfig.shape)) }),
  } as Plan;
};
