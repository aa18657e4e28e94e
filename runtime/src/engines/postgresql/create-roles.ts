import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import { identifier } from './client.ts';
import type { Standing, Standings } from './powers.ts';
import { belongingsOf, createSql } from './role-statements.ts';
import { hasParameterGrants, type ServerRoles } from './roles.ts';

/** Predefined roles too. */
const existingSql = (parameters: boolean): string => `
  SELECT rolname AS name, rolsuper AS superuser, rolcreaterole AS "createRole", rolcreatedb AS "createDatabase",
    rolreplication AS replication, rolbypassrls AS "bypassRowSecurity",
    (SELECT coalesce(json_agg(r.rolname), '[]') FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid
      WHERE a.member = pg_roles.oid) AS "memberOf",
    ${parameters ? grantsSql : `'[]'::json`} AS parameters
  FROM pg_roles`;

const grantsSql = `
    (SELECT coalesce(json_agg(json_build_object('parameter', p.parname, 'privilege', a.privilege_type,
      'grantable', a.is_grantable)), '[]')
      FROM pg_parameter_acl p, aclexplode(p.paracl) a WHERE a.grantee = pg_roles.oid)`;

const readExisting = async (client: Client): Promise<Standings> => {
  const sql = existingSql(await hasParameterGrants(client));
  const { rows } = await client.query<Standing & { name: string }>(sql);
  return new Map(rows.map((row) => [row.name, row]));
};

/** Runs statements until one succeeds. @throws the error of the last one */
const runEither = async (client: Client, [first, ...others]: readonly string[]): Promise<void> => {
  await client.query(mustExist(first, 'statement')).catch((error: unknown) => {
    if (others.length === 0) throw error;
    return runEither(client, others);
  });
};

/**
 * Creates roles that the archive names and the server lacks; existing ones keep their passwords and rights. What of the new
 * ones the account may not restore is logged. `created` gets each name at once. @throws BackupError restore.failed
 */
export const createMissingRoles = async (
  context: RunContext,
  client: Client,
  archived: ServerRoles,
  created: (name: string) => void,
): Promise<void> => {
  const existing = await readExisting(client);
  const { restored, leftOut } = belongingsOf(archived, existing);
  for (const role of archived.roles.filter(({ name }) => !existing.has(name)))
    try {
      await client.query(createSql(role));
      created(role.name);
    } catch (error) {
      throw new BackupError('restore.failed', `cannot create role ${role.name}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  const missed = [...archived.leftOut, ...leftOut];
  for (const { what, either } of restored)
    await runEither(client, either).catch((error: unknown) => missed.push(`${what}: ${messageOf(error)}`));
  for (const what of missed) context.log.warn({ what }, 'not restored');
};

/** Removes roles that a trial or a failed restore created; one that something depends on stays, and is reported. */
export const dropRoles = async (
  context: RunContext,
  client: Client,
  names: readonly string[],
): Promise<void> => {
  for (const role of names.map(identifier)) await client.query(`DROP OWNED BY ${role}`).catch(() => {}); // rights on parameters; the drop says what is left
  for (const name of names.toReversed())
    await client
      .query(`DROP ROLE ${identifier(name)}`)
      .catch((error: unknown) =>
        context.log.warn({ role: name, reason: messageOf(error) }, 'a role created for the restore stays'),
      );
};
