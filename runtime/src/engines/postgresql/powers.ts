import type { Role, ServerRoles } from './roles.ts';

/** Rights over others or over the server. */
const rights = {
  superuser: 'SUPERUSER',
  createRole: 'CREATEROLE',
  createDatabase: 'CREATEDB',
  replication: 'REPLICATION',
  bypassRowSecurity: 'BYPASSRLS',
} as const;

export type Rights = Pick<Role, keyof typeof rights>;

export const rightsOf = (role: Partial<Rights>): readonly string[] =>
  Object.entries(rights).flatMap(([field, right]) => (role[field as keyof typeof rights] ? [right] : []));

/** What a role has of its own, and the roles that it is a direct member of. */
export interface Standing extends Partial<Rights> {
  readonly memberOf: readonly string[];
  readonly parameters: readonly Omit<ServerRoles['parameterGrants'][number], 'grantee'>[];
}

/** Roles of a server by name. */
export type Standings = ReadonlyMap<string, Standing>;

const isPredefined = (name: string): boolean => name.startsWith('pg_');

/** Roles that the server itself makes pg_monitor a member of (system_functions.sql), which no archive names. */
const monitoring = ['pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables'];

/** Roles as they stood in the source. */
export const archivedStandings = ({ roles, memberships, parameterGrants }: ServerRoles): Standings => {
  const attributes = new Map<string, Partial<Rights>>([
    ...memberships.map(({ role }) => [role, {}] as const),
    ...roles.map((role) => [role.name, role] as const),
    ['pg_monitor', {}],
  ]);
  const memberOf = (name: string): readonly string[] => [
    ...memberships.filter(({ member }) => member === name).map(({ role }) => role),
    ...(name === 'pg_monitor' ? monitoring : []),
  ];
  return new Map(
    [...attributes].map(([name, own]) => [
      name,
      {
        ...own,
        memberOf: memberOf(name),
        parameters: parameterGrants.filter(({ grantee }) => grantee === name),
      },
    ]),
  );
};

const ownPowers = (name: string, standing: Standing | undefined): readonly string[] => [
  ...(isPredefined(name) ? [name] : []),
  ...rightsOf(standing ?? {}),
  ...(standing?.parameters ?? []).flatMap(({ parameter, privilege, grantable }) => {
    const power = `${privilege} ON PARAMETER ${parameter}`;
    return grantable ? [power, `${power} WITH GRANT OPTION`] : [power];
  }),
];

/** All that a role can come to by itself and by the roles that it is in, directly or not, in words. */
export const powersOf = (name: string, standings: Standings): ReadonlySet<string> => {
  const reached = new Set([name]);
  for (const each of reached)
    // grows meanwhile
    for (const role of standings.get(each)?.memberOf ?? []) reached.add(role);
  return new Set([...reached].flatMap((each) => ownPowers(each, standings.get(each))));
};

/** Whether some powers are more than others are; nothing is more than a superuser's. */
export const exceeds = (powers: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  !others.has('SUPERUSER') && [...powers].some((power) => !others.has(power));
