import { environmentOf, type EnvironmentName } from '../kit/environments.ts';
import type { Request } from '../kit/rbac.ts';
import { until } from '../kit/until.ts';
import { admissionCases, type AdmissionCase } from './admission-cases.ts';
import { kubectl, refusalOf, type Person } from './kubectl.ts';
import { personOf, roles, type Role } from './people.ts';
import { digestOf, type Answers } from './recording.ts';
import { everyRequest } from './seed-requests.ts';

// Asks a real API server what CI replays, under the manifests that are applied there.

const answerTo = (name: EnvironmentName, { object, who }: AdmissionCase): Promise<string> =>
  kubectl(
    ['create', '--dry-run=server', '-f', '-'],
    JSON.stringify(object),
    personOf(environmentOf(name), who),
  ).then(() => 'allowed', refusalOf);

const admissionOf = async (name: EnvironmentName): Promise<Record<string, string>> => {
  const cases = admissionCases(environmentOf(name));
  const stranger = cases.find(({ denied }) => denied)!;
  await until(async () => (await answerTo(name, stranger)).startsWith('grill-stats-backup-')); // read a moment later
  const admission: Record<string, string> = {};
  for (const one of cases) admission[one.title] = await answerTo(name, one);
  return admission;
};

const reviewOf = (namespace: string, person: Person, [verb, group, resource, name]: Request): object => {
  const [kind, subresource] = resource.split('/');
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: person.name,
      groups: [...person.groups, 'system:authenticated'],
      resourceAttributes: { namespace, verb, group, resource: kind, subresource, name },
    },
  };
};

/** All reviews in one call: kubectl answers with them in their order. */
const rightsOf = async (name: EnvironmentName, role: Role): Promise<Record<string, boolean>> => {
  const environment = environmentOf(name);
  const person = personOf(environment, role);
  const items = everyRequest.map((request) => reviewOf(environment.namespace.name, person, request));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const answers = await kubectl(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}{"\\n"}'], list);
  const allowed = answers.split('\n').map((text) => text === 'true');
  return Object.fromEntries(everyRequest.map((request, index) => [request.join(' '), allowed[index]!]));
};

export const answersOf = async (name: EnvironmentName): Promise<Answers> => {
  const rights = {} as Record<Role, Record<string, boolean>>;
  for (const role of roles) rights[role] = await rightsOf(name, role);
  return { policies: digestOf(name), admission: await admissionOf(name), rights };
};
