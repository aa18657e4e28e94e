import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import type { Leftover } from '../engine.ts';
import { identifier, maintenanceDatabase, withClient, type PostgresqlSource } from './client.ts';
import { dropUnfinished } from './drop.ts';
import { isHeld, unfinishedMark } from './marks.ts';
import { errorText } from './error-text.ts';
import { exists, nameWith } from './swap.ts';

/** `grill_restore_20240101_020000`: what it is, and of which restore. */
const endingPattern = /_(restore|before|undone)_(\d{8}_\d{6})$/;

interface Row {
  readonly name: string;
  readonly bytes: string | null;
  readonly mark: string | null;
}

/** A leftover that says whether this program marked it as nobody's. */
interface Found extends Leftover {
  readonly marked: boolean;
}

const databasesSql = `
  SELECT datname AS name, shobj_description(oid, 'pg_database') AS mark,
    CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid)::text END AS bytes
  FROM pg_database ORDER BY 1`;

const schemasSql = `
  SELECT nspname AS name, obj_description(n.oid, 'pg_namespace') AS mark,
    (SELECT sum(pg_total_relation_size(c.oid))::text FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'm')) AS bytes
  FROM pg_namespace n ORDER BY 1`;

/** Removal by a new session, with the server's error whole. */
const removal =
  (source: PostgresqlSource, database: string, remove: (client: Client) => Promise<unknown>) =>
  async (): Promise<void> => {
    await withClient(source, database, remove).catch((error: unknown) => {
      throw new BackupError('restore.failed', `postgresql: ${errorText(error)}`, { cause: error });
    });
  };

const found = async (
  admin: Client,
  live: string,
  { name, bytes, mark }: Row,
  what: 'database' | 'schema',
  remove: () => Promise<void>,
): Promise<readonly Found[]> => {
  const [ending, made, suffix] = endingPattern.exec(name) ?? [];
  if (!ending || !made || !suffix) return [];
  if (what === 'database' && name !== nameWith(live, ending) && !name.startsWith(`${live}_`)) return [];
  if (await isHeld(admin, live, suffix)) return [];
  const kind = made === 'restore' ? 'unfinished' : 'kept';
  const size = bytes === null ? undefined : Number(bytes);
  return [{ name: `${what} ${name}`, kind, bytes: size, remove, marked: mark === unfinishedMark }];
};

const databases = async (source: PostgresqlSource, admin: Client): Promise<readonly Found[]> => {
  const live = source.connection.database;
  const place = maintenanceDatabase(live);
  const all: Found[] = [];
  for (const row of (await admin.query<Row>(databasesSql)).rows)
    all.push(
      ...(await found(
        admin,
        live,
        row,
        'database',
        removal(source, place, (client) =>
          endingPattern.exec(row.name)?.[1] === 'restore'
            ? dropUnfinished(source, client, row.name)
            : client.query(`DROP DATABASE ${identifier(row.name)} WITH (FORCE)`),
        ),
      )),
    );
  return all;
};

const schemas = async (source: PostgresqlSource, admin: Client): Promise<readonly Found[]> => {
  const live = source.connection.database;
  if (!(await exists(admin, live))) return [];
  const { rows } = await withClient(source, live, (client) => client.query<Row>(schemasSql));
  const all: Found[] = [];
  for (const row of rows) {
    const drop = (client: Client) => client.query(`DROP SCHEMA ${identifier(row.name)} CASCADE`);
    all.push(...(await found(admin, live, row, 'schema', removal(source, live, drop))));
  }
  return all;
};

const findAll = (source: PostgresqlSource): Promise<readonly Found[]> =>
  withClient(source, maintenanceDatabase(source.connection.database), async (admin) => [
    ...(await databases(source, admin)),
    ...(await schemas(source, admin)),
  ]);

/** Databases, and schemas of single tables, by the names that restores give them. */
export const leftovers = async (_run: RunContext, source: PostgresqlSource): Promise<readonly Leftover[]> =>
  (await findAll(source)).map(({ marked: _, ...leftover }) => leftover);

/** Removes what killed restores left and this program marked; what cannot be removed is no reason not to restore. */
export const recover = async ({ log }: RunContext, source: PostgresqlSource): Promise<void> => {
  for (const { name, marked, remove } of await findAll(source)) {
    if (!marked) continue;
    await remove().then(
      () => log.warn({ target: source.name, what: name }, 'removed what a killed restore left'),
      (error: unknown) => log.warn({ what: name, problem: messageOf(error) }, 'left by a killed restore'),
    );
  }
};
