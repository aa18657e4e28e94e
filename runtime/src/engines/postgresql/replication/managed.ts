import { BackupError, isBackupError } from '../../../core/errors.ts';
import { withClient, type PostgresqlSource } from '../client.ts';

/** Roles that a service makes for its customers, who never get its log: no line and no statement would help them. */
const serviceRoles: Readonly<Record<string, string>> = {
  rds_superuser: 'Amazon RDS',
  cloudsqlsuperuser: 'Google Cloud SQL',
  azure_pg_admin: 'Azure Database for PostgreSQL',
};

const serviceOf = (source: PostgresqlSource): Promise<string | undefined> =>
  withClient(source, source.connection.database, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY($1) LIMIT 1',
      [Object.keys(serviceRoles)],
    );
    return rows[0] && serviceRoles[rows[0].name];
  });

/** What refuses the log because the server belongs to a service is `log.unsupported`; any other error as it is. */
export const unlessManaged = async (source: PostgresqlSource, error: unknown): Promise<unknown> => {
  if (!isBackupError(error, 'log.hba') && !isBackupError(error, 'log.role')) return error;
  const service = await serviceOf(source).catch(() => undefined); // then the refusal itself is the better answer
  if (service === undefined) return error;
  const { host, port } = source.connection;
  return new BackupError(
    'log.unsupported',
    `postgresql at ${host}:${port} belongs to ${service}, which gives its log to nobody`,
    { cause: error },
  );
};
