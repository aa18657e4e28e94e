import type { Client } from 'pg';
import type { Hindrance } from '../engine.ts';
import { queryRow } from './client.ts';
import { extensionsOf } from './contents.ts';
import type { DatabaseSettings } from './settings.ts';

/** A line of `pg_restore --list`: `215; 1259 16386 TABLE public mine postgres`. */
const linePattern = /^\d+; \d+ \d+ (.+)$/;

/** Kinds that only a superuser may create (CREATE … of the manual). */
const superuserKinds =
  /^(ACCESS METHOD|EVENT TRIGGER|FOREIGN DATA WRAPPER|OPERATOR CLASS|OPERATOR FAMILY|TEXT SEARCH (PARSER|TEMPLATE)) /;

/** Objects by owner: the longest role's name that the line ends with. */
export const ownersIn = (list: string, roles: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const longestFirst = roles.toSorted((a, b) => b.length - a.length);
  const owned = new Map<string, string[]>();
  for (const line of list.split('\n')) {
    const entry = linePattern.exec(line)?.[1];
    const owner = entry && longestFirst.find((role) => entry.endsWith(` ${role}`));
    if (!entry || !owner) continue;
    const objects = owned.get(owner) ?? [];
    if (objects.length === 0) owned.set(owner, objects);
    objects.push(entry.slice(0, -owner.length - 1));
  }
  return owned;
};

interface Account {
  readonly name: string;
  readonly superuser: boolean;
  readonly creates: boolean;
  readonly createsRoles: boolean;
}

const accountSql = `
  SELECT rolname AS name, rolsuper AS superuser, rolcreatedb AS creates, rolcreaterole AS "createsRoles"
  FROM pg_roles WHERE rolname = current_user`;

/** Since 16 a membership may lack the right to become the role, which giving it an object needs. */
const rolesSql = `
  SELECT rolname AS name, CASE WHEN current_setting('server_version_num')::int >= 160000
    THEN pg_has_role(oid, 'SET') ELSE pg_has_role(oid, 'MEMBER') END AS mine
  FROM pg_roles`;

const superuserExtensionsSql = `
  SELECT DISTINCT e.name FROM pg_available_extensions e
  JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
  WHERE v.superuser AND NOT v.trusted AND e.name = ANY($1) ORDER BY 1`;

/** Objects that a message names; the rest is counted. */
const named = 3;

const some = (objects: readonly string[]): string =>
  objects.slice(0, named).join(', ') + (objects.length > named ? ` and ${objects.length - named} more` : '');

const ownership = (
  account: string,
  owned: ReadonlyMap<string, readonly string[]>,
  mine: ReadonlySet<string>,
): readonly Hindrance[] =>
  [...owned]
    .filter(([owner]) => !mine.has(owner))
    .map(([owner, objects]) => ({
      message: `account ${account} is not a member of ${owner}, which owns ${some(objects)}; make it a member, or restore as a superuser`,
    }));

const superuserOnly = async (
  client: Client,
  account: string,
  list: string,
): Promise<readonly Hindrance[]> => {
  const objects = list
    .split('\n')
    .flatMap((line) => linePattern.exec(line)?.[1] ?? [])
    .filter((entry) => superuserKinds.test(entry));
  const { rows } = await client.query<{ name: string }>(superuserExtensionsSql, [extensionsOf(list)]);
  const all = [...rows.map(({ name }) => `EXTENSION ${name}`), ...objects];
  if (all.length === 0) return [];
  return [{ message: `only a superuser may create ${some(all)}, and account ${account} is not one` }];
};

/** What an archive needs that the account of a session lacks; of a role's name the archive knows, whether it is here or not. */
export const missingRights = async (
  client: Client,
  { owner }: Pick<DatabaseSettings, 'owner'>,
  list: string,
  archivedRoles: readonly string[],
): Promise<readonly Hindrance[]> => {
  const account = await queryRow<Account>(client, accountSql);
  if (account.superuser) return [];
  const { rows } = await client.query<{ name: string; mine: boolean }>(rolesSql);
  const here = new Set(rows.map(({ name }) => name));
  const mine = new Set(rows.filter((row) => row.mine).map(({ name }) => name));
  const owned = new Map(ownersIn(list, [...here, ...archivedRoles]));
  owned.delete('pg_database_owner'); // its member is the database's owner, whoever that is
  owned.set(owner, ['the database', ...(owned.get(owner) ?? [])]);
  const lacking = archivedRoles.filter((role) => !here.has(role) && owned.has(role));
  for (const role of lacking) owned.delete(role); // created, and so its creator's to give
  return [
    ...(account.creates ? [] : [{ message: `account ${account.name} lacks CREATEDB` }]),
    ...(lacking.length === 0 || account.createsRoles
      ? []
      : [
          {
            message: `the server lacks roles ${some(lacking)}, and account ${account.name} lacks CREATEROLE`,
          },
        ]),
    ...ownership(account.name, owned, mine),
    ...(await superuserOnly(client, account.name, list)),
  ];
};
