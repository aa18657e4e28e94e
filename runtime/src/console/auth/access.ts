import { z } from 'zod';
import type { Cluster } from '../../cluster/api.ts';
import { cronJobName, names } from '../../contract/names.ts';
import { BackupError } from '../../core/errors.ts';
import type { Caller } from './caller.ts';
import { remembered } from '../state/remembered.ts';

/** A verb on a resource of the backup system's namespace, as RBAC knows it. */
export interface Right {
  readonly verb: 'get' | 'list' | 'create';
  readonly group: 'batch';
  readonly resource: 'cronjobs' | 'jobs';
  readonly name?: string;
}

const cronJobs = { group: 'batch', resource: 'cronjobs' } as const;

/** What a person needs to see or do something here: the same as with kubectl. */
export const rights = {
  /** All of the system: every target, the plan, the audit trail. */
  whole: { ...cronJobs, verb: 'list' },
  /** One target, for people who may not see all. */
  target: (target: string): Right => ({ ...cronJobs, verb: 'get', name: cronJobName(target) }),
  /** Starting a run. */
  start: { verb: 'create', group: 'batch', resource: 'jobs' },
  verification: { ...cronJobs, verb: 'get', name: names.verification },
  drill: { ...cronJobs, verb: 'get', name: names.drill },
} as const satisfies Record<string, Right | ((target: string) => Right)>;

/** How long an answer of the authorizer counts. @default 30 s - a right that was taken away works that much longer */
const rememberedMs = 30_000;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean().default(false) }) });

/** What may be done, by whom. */
export interface Access {
  readonly may: (caller: Caller, right: Right) => Promise<boolean>;
  /** @throws BackupError `access.refused` */
  readonly demand: (caller: Caller, right: Right) => Promise<void>;
  /** Whether somebody may see a target, by a right to all or to this one. */
  readonly maySee: (caller: Caller, target: string) => Promise<boolean>;
}

export const wordsOf = ({ verb, resource, name }: Right, namespace: string): string =>
  `${verb} ${resource}${name === undefined ? '' : ` ${name}`} in namespace ${namespace}`;

type Question = Pick<Caller, 'name' | 'groups' | 'extra'> & { readonly right: Right };

/** Asks the authorizer of the cluster about each person and verb: the console has no list of people of its own. */
export const openAccess = (cluster: Cluster): Access => {
  const { namespace } = cluster;
  const review = async ({ name: user, groups, extra, right }: Question): Promise<boolean> => {
    const spec = { user, groups, extra, resourceAttributes: { namespace, ...right } };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const answer = await cluster.call({ method: 'POST', path, body });
    return reviewSchema.parse(answer).status.allowed;
  };
  const ask = remembered(review, rememberedMs);
  const may: Access['may'] = ({ name, groups, extra }, right) => ask({ name, groups, extra, right });
  return {
    may,
    demand: async (caller, right) => {
      if (!(await may(caller, right)))
        throw new BackupError('access.refused', `${caller.name} may not ${wordsOf(right, namespace)}`);
    },
    maySee: async (caller, target) =>
      (await may(caller, rights.whole)) || (await may(caller, rights.target(target))),
  };
};
