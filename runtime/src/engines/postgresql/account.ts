import type { Client } from 'pg';
import { identifier } from './client.ts';

/** Whose rights a restore was tried with. */
export interface Tried {
  /** Absent: those of the session's own account. */
  readonly role?: string;
  readonly notes: readonly string[];
}

/** Takes over the rights of a role, and no more: a superuser is one no longer. */
export const become = async (client: Client, role: string | undefined): Promise<void> => {
  if (role !== undefined) await client.query(`SET ROLE ${identifier(role)}`);
};

/**
 * An account as the archive knows it, restored here with its memberships. One that is unknown, or that may not create
 * databases and so is for backups alone, cannot be tried: then the notes say so.
 */
export const tryAccount = async (client: Client, account: string | undefined): Promise<Tried> => {
  if (account === undefined) return { notes: [] };
  const { rows } = await client.query<{ may: boolean }>(
    'SELECT rolsuper OR rolcreatedb AS may FROM pg_roles WHERE rolname = $1',
    [account],
  );
  if (rows[0]?.may) return { role: account, notes: [] };
  const why = rows[0] ? 'lacks CREATEDB' : 'is not among the roles of the archive';
  return { notes: [`tried with the rights of a superuser: account ${account} ${why}`] };
};
