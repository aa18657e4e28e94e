import { identifier, literal } from './client.ts';
import { archivedStandings, exceeds, powersOf, rightsOf, type Standings } from './powers.ts';
import type { Membership, Role, ServerRoles } from './roles.ts';
import { settingSql } from './setting.ts';

const attribute = (name: string, held: boolean): string => (held ? name : `NO${name}`);

/** Creates a role with what any account that may create roles can give. */
export const createSql = (role: Role): string =>
  [
    `CREATE ROLE ${identifier(role.name)} WITH ${attribute('LOGIN', role.login)} ${attribute('INHERIT', role.inherit)}`,
    `CONNECTION LIMIT ${role.connectionLimit}`,
    ...(role.password === null ? [] : [`PASSWORD ${literal(role.password)}`]),
    ...(role.validUntil === null ? [] : [`VALID UNTIL ${literal(role.validUntil)}`]),
  ].join(' ');

/** Something that a role has besides its existence. */
interface Belonging {
  /** For people: `setting work_mem of app`. */
  readonly what: string;
  /** Statements of which the first that succeeds is enough. */
  readonly either: readonly string[];
}

/** One right each, so that one that may not be given does not take the rest along. */
const ownSql = (role: Role): readonly Belonging[] => [
  ...rightsOf(role).map((right) => ({
    what: `${right} of ${role.name}`,
    either: [`ALTER ROLE ${identifier(role.name)} WITH ${right}`],
  })),
  ...(role.comment === null
    ? []
    : [
        {
          what: `comment on ${role.name}`,
          either: [`COMMENT ON ROLE ${identifier(role.name)} IS ${literal(role.comment)}`],
        },
      ]),
];

const optionsOf = ({ admin, inherit, set }: Membership): string => {
  if (inherit === null || set === null) return admin ? ' WITH ADMIN OPTION' : '';
  const value = (held: boolean): string => (held ? 'TRUE' : 'FALSE');
  return ` WITH ADMIN ${value(admin)}, INHERIT ${value(inherit)}, SET ${value(set)}`;
};

/** By the grantor of the source where the server allows it, else by whoever restores. */
const membershipSql = (membership: Membership): Belonging => {
  const { role, member, grantor } = membership;
  const grant = `GRANT ${identifier(role)} TO ${identifier(member)}${optionsOf(membership)}`;
  return {
    what: `membership of ${member} in ${role}`,
    either: [...(grantor === null ? [] : [`${grant} GRANTED BY ${identifier(grantor)}`]), grant],
  };
};

const roleSettingSql = ({ role, ...setting }: ServerRoles['settings'][number]): Belonging => ({
  what: `setting ${setting.name} of ${role}`,
  either: [`ALTER ROLE ${identifier(role)} SET ${settingSql(setting)}`],
});

const parameterSql = (grant: ServerRoles['parameterGrants'][number]): Belonging => {
  const { parameter, grantee, privilege, grantable } = grant;
  const option = grantable ? ' WITH GRANT OPTION' : '';
  return {
    what: `right of ${grantee} to ${privilege} ${parameter}`,
    either: [`GRANT ${privilege} ON PARAMETER ${identifier(parameter)} TO ${identifier(grantee)}${option}`],
  };
};

/** Why a membership is not granted though a role of it is new; undefined where it is. */
const refusalOf = (
  { role, member }: Membership,
  archived: Standings,
  existing: Standings,
): string | undefined => {
  const before = powersOf(role, archived);
  if (existing.has(role) && exceeds(powersOf(role, existing), before))
    return `${role} has more rights now than in the archive`;
  if (existing.has(member) && exceeds(before, powersOf(member, existing)))
    return `it would give ${member}, which exists, rights over others`;
  return undefined;
};

interface Belongings {
  readonly restored: readonly Belonging[];
  /** In words. */
  readonly leftOut: readonly string[];
}

/**
 * What the archive says of roles that the server lacks; those that exist keep what they have. A membership with a new role
 * in it is granted as in the source, unless a role that exists would gain powers, or give more than it could there.
 */
export const belongingsOf = (archived: ServerRoles, existing: Standings): Belongings => {
  const names = new Set(archived.roles.map(({ name }) => name));
  const isNew = (name: string): boolean => names.has(name) && !existing.has(name);
  const standings = archivedStandings(archived);
  const memberships = archived.memberships
    .filter(({ role, member }) => isNew(role) || isNew(member))
    .map((each) => ({ each, refusal: refusalOf(each, standings, existing) }));
  return {
    restored: [
      ...archived.roles.filter(({ name }) => isNew(name)).flatMap(ownSql),
      ...memberships.filter(({ refusal }) => refusal === undefined).map(({ each }) => membershipSql(each)),
      ...archived.settings.filter(({ role }) => isNew(role)).map(roleSettingSql),
      ...archived.parameterGrants.filter(({ grantee }) => isNew(grantee)).map(parameterSql),
    ],
    leftOut: memberships
      .filter(({ refusal }) => refusal !== undefined)
      .map(({ each, refusal }) => `membership of ${each.member} in ${each.role}: ${refusal}`),
  };
};
