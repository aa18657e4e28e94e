import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import { sideBySide } from '../../../core/side-by-side.ts';
import type { Header2 } from '../header.ts';
import { callJsonOr, type InfluxdbSource } from '../http.ts';
import { shownList } from '../shown.ts';
import { listAll, type Organization } from './buckets.ts';

/** Something of a server that is neither bucket, point, user nor token. */
export type ServerObject = NonNullable<Header2['objects']>[number];

type Answer = Readonly<Record<string, unknown>>;

interface Kind {
  readonly path: (orgID: string) => string;
  /** Field of the answer that holds the list. */
  readonly list: string;
  readonly nameOf: (item: Answer) => string;
}

const named = (item: Answer): string => `${item.name as string}`;

const ofOrganization =
  (what: string) =>
  (orgID: string): string =>
    `/api/v2/${what}?orgID=${orgID}`;

/** What is listed, in the order in which a report names it; one that a version lacks is skipped. */
const kinds: Readonly<Record<string, Kind>> = {
  task: { path: ofOrganization('tasks'), list: 'tasks', nameOf: named },
  dashboard: { path: ofOrganization('dashboards'), list: 'dashboards', nameOf: named },
  variable: { path: ofOrganization('variables'), list: 'variables', nameOf: named },
  check: { path: ofOrganization('checks'), list: 'checks', nameOf: named },
  'notification endpoint': {
    path: ofOrganization('notificationEndpoints'),
    list: 'notificationEndpoints',
    nameOf: named,
  },
  'notification rule': {
    path: ofOrganization('notificationRules'),
    list: 'notificationRules',
    nameOf: named,
  },
  'telegraf configuration': { path: ofOrganization('telegrafs'), list: 'configurations', nameOf: named },
  scraper: { path: ofOrganization('scrapers'), list: 'configurations', nameOf: named },
  label: { path: ofOrganization('labels'), list: 'labels', nameOf: named },
  'DBRP mapping': {
    path: ofOrganization('dbrps'),
    list: 'content',
    nameOf: ({ database, retention_policy: policy }) => `${database as string}/${policy as string}`,
  },
  secret: {
    path: (orgID) => `/api/v2/orgs/${orgID}/secrets`,
    list: 'secrets',
    nameOf: (key) => `${key as unknown as string}`,
  },
  remote: { path: ofOrganization('remotes'), list: 'remotes', nameOf: named },
  replication: { path: ofOrganization('replications'), list: 'replications', nameOf: named },
  notebook: { path: (orgID) => `/api/v2private/notebooks?orgID=${orgID}`, list: 'flows', nameOf: named },
  'v1 user': {
    path: (orgID) => `/private/legacy/authorizations?orgID=${orgID}`,
    list: 'authorizations',
    nameOf: ({ token }) => `${token as string}`,
  },
};

/** Items that a call gives at once; tasks continue behind an id, others at an offset or not at all. */
const pageLimit = 100;

const readKind = async (
  context: RunContext,
  source: InfluxdbSource,
  { path, list }: Kind,
  orgID: string,
  failure: FailureCode,
): Promise<readonly Answer[]> => {
  const found = new Map<string, Answer>();
  for (let last = ''; ;) {
    const start = path(orgID);
    const page = `${start}${start.includes('?') ? '&' : '?'}limit=${pageLimit}&offset=${found.size}${last && `&after=${last}`}`;
    const answer = await callJsonOr<Answer>(context, source, { method: 'GET', path: page, failure }, {});
    const items = (answer[list] ?? []) as readonly Answer[];
    const fresh = items.filter((item) => !found.has(JSON.stringify(item)));
    for (const item of fresh) found.set(JSON.stringify(item), item);
    if (items.length < pageLimit || fresh.length === 0) return [...found.values()];
    last = `${(items.at(-1)?.id as string | undefined) ?? ''}`;
  }
};

/** DBRP mappings that the server makes of the names of buckets by itself, and labels and the like that it brings. */
const isOwn = (item: Answer): boolean => item.virtual !== true;

/** Calls under way at the same time: each has a connection of its own. */
const mostCalls = 8;

/** Everything of a server but buckets, points, users and tokens. */
export const listObjects = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly ServerObject[]> => {
  const organizations = await listAll<Organization>(context, source, 'orgs', failure);
  const wanted = organizations.flatMap(({ id, name: organization }) =>
    Object.entries(kinds).map(([kind, how]) => ({ id, organization, kind, how })),
  );
  const found = await sideBySide(wanted, mostCalls, async ({ id, organization, kind, how }) =>
    (await readKind(context, source, how, id, failure))
      .filter(isOwn)
      .map((item): ServerObject => ({ kind, organization, name: how.nameOf(item) })),
  );
  return found.flat();
};

/** What of the archive a server in use lacks, and does not get, in words. */
export const missingNotes = (
  archived: readonly ServerObject[],
  present: readonly ServerObject[],
): readonly string[] => {
  const keyOf = ({ kind, organization, name }: ServerObject) => JSON.stringify([kind, organization, name]);
  const has = new Set(present.map(keyOf));
  const missing = archived.filter((object) => !has.has(keyOf(object)));
  return Object.keys(kinds).flatMap((kind) => {
    const names = missing
      .filter((object) => object.kind === kind)
      .map((object) => `${object.organization}/${object.name}`);
    return names.length === 0
      ? []
      : [`not restored, as the server is in use, of kind ${kind}: ${shownList(names)}`];
  });
};
