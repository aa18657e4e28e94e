import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { identifier, literal, type PostgresqlSource } from './client.ts';

/** Whose rights a restore was tried with. */
export interface Tried {
  /** Login of the account on the scratch server. Absent: the session's own account. */
  readonly login?: PostgresqlSource['credentials'] & { readonly username: string };
  readonly notes: readonly string[];
}

/** Takes over the rights of a role for statements of ours; code of the archive could take them off again. */
export const become = async (client: Client, login: Tried['login']): Promise<void> => {
  if (login) await client.query(`SET ROLE ${identifier(login.username)}`);
};

/**
 * An account as the archive knows it, restored here with its memberships, that can log in: functions of the archive, such
 * as that of a CHECK, run while it is loaded, and may leave a role that was only set, never the session's own user. One
 * that is unknown, or that may not create databases and so is for backups alone, cannot be tried: then the notes say so.
 */
export const tryAccount = async (
  { randomBytes }: RunContext,
  client: Client,
  account: string | undefined,
): Promise<Tried> => {
  if (account === undefined) return { notes: [] };
  const { rows } = await client.query<{ may: boolean; own: boolean }>(
    'SELECT rolsuper OR rolcreatedb AS may, rolname = current_user AS own FROM pg_roles WHERE rolname = $1',
    [account],
  );
  if (rows[0]?.own) return { notes: [] };
  if (rows[0]?.may) {
    const password = randomBytes(24).toString('hex');
    await client.query(
      `ALTER ROLE ${identifier(account)} LOGIN PASSWORD ${literal(password)} VALID UNTIL 'infinity' CONNECTION LIMIT -1`,
    );
    return { login: { username: account, password }, notes: [] };
  }
  const why = rows[0] ? 'lacks CREATEDB' : 'is not among the roles of the archive';
  return { notes: [`tried with the rights of a superuser: account ${account} ${why}`] };
};
