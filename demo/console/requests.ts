import { z } from 'zod';
import { names } from '../../runtime/src/contract/names.ts';
import type { Request } from '../../test/kit/rbac.ts';
import { failure, jobDocument, ok, podsOf, selectedJob, type Answer } from './documents.ts';
import type { Jobs } from './jobs.ts';

/** Somebody with a token. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What requests are answered from. */
export interface Served {
  readonly namespace: string;
  /** Whether RBAC of the manifests lets somebody of these groups do something. */
  readonly may: (groups: readonly string[], request: Request) => boolean;
  readonly cronJob: (name: string) => object | undefined;
  readonly jobs: Jobs;
  /** Why no Job of a CronJob can run here; undefined where one can. */
  readonly refusal: (cronJob: string) => string | undefined;
  readonly personOf: (token: string) => Person | undefined;
}

/** A request, as it came. */
export interface Asked {
  readonly who: Person;
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
}

const tokenReview = z.looseObject({ spec: z.object({ token: z.string() }) });

const accessReview = z.looseObject({
  spec: z.looseObject({
    groups: z.array(z.string()).default([]),
    resourceAttributes: z.object({
      namespace: z.string(),
      verb: z.string(),
      group: z.string(),
      resource: z.string(),
      name: z.string().optional(),
    }),
  }),
});

const newJob = z.object({
  metadata: z.object({ name: z.string(), ownerReferences: z.tuple([z.object({ name: z.string() })]) }),
});

const whose = ({ personOf }: Served, body: unknown): Answer => {
  const { spec, ...review } = tokenReview.parse(body);
  const found = personOf(spec.token);
  const status = found
    ? { authenticated: true, user: { username: found.name, groups: found.groups } }
    : { authenticated: false };
  return ok({ ...review, status }, 201);
};

const whether = ({ namespace, may }: Served, body: unknown): Answer => {
  const { spec, ...review } = accessReview.parse(body);
  const { namespace: where, verb, group, resource, name } = spec.resourceAttributes;
  const allowed = where === namespace && may(spec.groups, [verb, group, resource, name]);
  return ok({ ...review, status: { allowed } }, 201);
};

/** What only an account with ClusterRole system:auth-delegator may ask, which the manifests give to the console's. */
const reviews: Readonly<Record<string, (served: Served, body: unknown) => Answer>> = {
  tokenreviews: whose,
  subjectaccessreviews: whether,
};

const create = ({ namespace, jobs, refusal }: Served, body: unknown): Answer => {
  const { name, ownerReferences } = newJob.parse(body).metadata;
  const why = refusal(ownerReferences[0].name);
  if (why !== undefined) return failure(403, 'Forbidden', why);
  if (jobs.find(name)) return failure(409, 'AlreadyExists', `jobs.batch "${name}" already exists`);
  return ok(jobDocument(jobs.start(name, ownerReferences[0].name), namespace), 201);
};

const missing = (resource: string, name: string): Answer =>
  failure(404, 'NotFound', `${resource} "${name}" not found`);

const lastLines = (log: string, count: string | null): string =>
  count === null ? log : log.trimEnd().split('\n').slice(-Number(count)).join('\n');

type Answers = Readonly<Record<string, (served: Served, name: string, asked: Asked) => Answer>>;

/** What people ask for, in their own name. */
const answers: Answers = {
  'get cronjobs': ({ cronJob }, name) => {
    const found = cronJob(name);
    return found ? ok(found) : missing('cronjobs.batch', name);
  },
  'create jobs': (served, _, { body }) => create(served, body),
  'get jobs': ({ jobs, namespace }, name) => {
    const found = jobs.find(name);
    return found ? ok(jobDocument(found, namespace)) : missing('jobs.batch', name);
  },
  'list pods': ({ jobs, namespace }, _, { url }) =>
    ok(podsOf(jobs.find(selectedJob(url.searchParams.get('labelSelector'))), namespace)),
  'get pods/log': ({ jobs }, name, { url }) => {
    const found = jobs.find(name);
    return found ? ok(lastLines(found.log, url.searchParams.get('tailLines'))) : missing('pods', name);
  },
};

const pathForm =
  /^\/(?:api|apis\/(?<group>[\w.]+))\/v1\/(?:namespaces\/(?<namespace>[\w-]+)\/)?(?<kind>\w+)(?:\/(?<name>[\w.-]+))?(?<log>\/log)?$/;

const verbOf = (method: string, name: string): string => {
  if (method === 'POST') return 'create';
  return name === '' ? 'list' : 'get';
};

const isConsole = ({ name }: Person): boolean => name.endsWith(`:${names.console}`);

const forbidden = ({ name }: Person, verb: string, resource: string): Answer =>
  failure(403, 'Forbidden', `${resource} is forbidden: User "${name}" cannot ${verb} resource "${resource}"`);

/** Answers one request of somebody who is known. */
export const answerTo = (served: Served, asked: Asked): Answer => {
  const { who, method, url, body } = asked;
  const parts = pathForm.exec(url.pathname)?.groups ?? {};
  const { group = '', namespace, kind = '', name = '', log = '' } = parts;
  const [verb, resource] = [verbOf(method, name), kind + log];
  const review = reviews[kind];
  if (review) return isConsole(who) ? review(served, body) : forbidden(who, verb, resource);
  const isAllowed =
    namespace === served.namespace && served.may(who.groups, [verb, group, resource, name || undefined]);
  if (!isAllowed) return forbidden(who, verb, resource);
  const answer = answers[`${verb} ${resource}`];
  return answer
    ? answer(served, name, asked)
    : failure(404, 'NotFound', `the demo's cluster does not know ${method} ${url.pathname}`);
};
