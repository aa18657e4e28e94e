import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import { identifier } from './client.ts';

const role = String.raw`("(?:[^"]|"")*"|[^\s";]+)`;
const createPattern = new RegExp(`^CREATE ROLE ${role};$`);
const alterPattern = new RegExp(`^ALTER ROLE ${role} `);
const grantPattern = new RegExp(`^GRANT ${role} TO ${role}[ ;]`);

const plain = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;

/** Statements of pg_dumpall's output that concern roles which are missing; it writes one a line. */
export const missingRoleStatements = (globals: string, existing: ReadonlySet<string>): readonly string[] => {
  const lines = globals.split('\n');
  const created = lines.flatMap((line) => createPattern.exec(line)?.[1] ?? []).map(plain);
  const missing = new Set(created.filter((name) => !existing.has(name)));
  return lines.filter((line) => {
    const [, subject = '', member = ''] =
      createPattern.exec(line) ?? alterPattern.exec(line) ?? grantPattern.exec(line) ?? [];
    return missing.has(plain(subject)) || missing.has(plain(member));
  });
};

/**
 * Creates roles that the dump names and the server lacks; existing ones keep their passwords and rights.
 * Resolves to the names created. @throws BackupError restore.failed
 */
export const createMissingRoles = async (
  context: RunContext,
  client: Client,
  globals: string,
): Promise<readonly string[]> => {
  const { rows } = await client.query<{ rolname: string }>('SELECT rolname FROM pg_roles');
  const statements = missingRoleStatements(globals, new Set(rows.map(({ rolname }) => rolname)));
  const created: string[] = [];
  for (const statement of statements) {
    const name = createPattern.exec(statement)?.[1];
    try {
      await client.query(statement);
      if (name) created.push(plain(name));
    } catch (error) {
      if (name)
        throw new BackupError('restore.failed', `cannot create role ${plain(name)}: ${messageOf(error)}`, {
          cause: error,
        });
      context.log.warn({ reason: messageOf(error) }, 'a right or membership of a new role was not restored');
    }
  }
  return created;
};

/** Removes roles that a trial or a failed restore created; one that something depends on stays, and is reported. */
export const dropRoles = async (
  context: RunContext,
  client: Client,
  names: readonly string[],
): Promise<void> => {
  for (const name of names)
    await client
      .query(`DROP ROLE ${identifier(name)}`)
      .catch((error: unknown) =>
        context.log.warn({ role: name, reason: messageOf(error) }, 'a role created for the restore stays'),
      );
};
