import type { Client } from 'pg';
import { queryRow } from '../client.ts';

/** A setting, by a connection that replicates. @throws DatabaseError for one that the server does not have */
export const show = async (client: Client, name: string): Promise<string> =>
  Object.values(await queryRow<Record<string, string>>(client, `SHOW ${name}`))[0] ?? '';
