import type { Client } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { OpenedSlot, SlotRequest, SlotState } from '../../engine-log.ts';
import { withClient, type PostgresqlSource } from '../client.ts';
import { positionOf } from './commands.ts';
import { explained } from './problems.ts';
import { checkServer, readServer, type LogServer } from './server.ts';

interface Row {
  readonly active: boolean;
  readonly kind: string;
  readonly status: string | null;
  readonly restart: string | null;
  readonly safe: string | null;
}

/** The server keeps whole segments of its log, so that the first byte of one is there too: what reads it begins there. */
const segmentStart = (position: bigint, { segmentBytes }: LogServer): bigint =>
  position - (position % BigInt(segmentBytes));

const stateOf = (name: string, row: Row, server: LogServer): SlotState => {
  if (row.kind !== 'physical')
    throw new BackupError('log.busy', `slot ${name} is ${row.kind}, so it belongs to somebody else`);
  if (row.status === 'lost') return { name, status: 'lost' };
  return {
    name,
    status: row.active ? 'active' : 'idle',
    ...(row.restart !== null && { restart: segmentStart(positionOf(row.restart), server) }),
    ...(row.safe !== null && { safeBytes: BigInt(row.safe) }),
  };
};

const find = async (client: Client, name: string, server: LogServer): Promise<SlotState> => {
  const { rows } = await client.query<Row>(
    `SELECT active, slot_type AS kind, wal_status AS status, restart_lsn::pg_catalog.text AS restart,
            safe_wal_size::pg_catalog.text AS safe
     FROM pg_catalog.pg_replication_slots WHERE slot_name = $1`,
    [name],
  );
  return rows[0] ? stateOf(name, rows[0], server) : { name, status: 'absent' };
};

const withServer = <T>(
  source: PostgresqlSource,
  use: (client: Client, server: LogServer) => Promise<T>,
): Promise<T> =>
  explained(source, () =>
    withClient(source, source.connection.database, async (client) => use(client, await readServer(client))),
  );

export const slotState = (_run: RunContext, source: PostgresqlSource, name: string): Promise<SlotState> =>
  withServer(source, (client, server) => find(client, name, server));

const drop = (client: Client, name: string) =>
  client.query('SELECT pg_catalog.pg_drop_replication_slot($1)', [name]);

/** Keeps log from this very moment on, and not only from its first use. */
const create = (client: Client, name: string) =>
  client.query('SELECT pg_catalog.pg_create_physical_replication_slot($1, true)', [name]);

export const openSlot = (
  _run: RunContext,
  source: PostgresqlSource,
  { name, allowUnlimited }: SlotRequest,
): Promise<OpenedSlot> =>
  withServer(source, async (client, server) => {
    checkServer(server, allowUnlimited);
    const found = await find(client, name, server);
    if (found.status === 'idle' || found.status === 'active') return { state: found, before: found.status };
    if (found.status === 'lost') await drop(client, name);
    await create(client, name);
    return { state: await find(client, name, server), before: found.status };
  });

export const dropSlot = (_run: RunContext, source: PostgresqlSource, name: string): Promise<void> =>
  withServer(source, async (client, server) => {
    if ((await find(client, name, server)).status !== 'absent') await drop(client, name);
  });
