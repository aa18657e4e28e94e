import type { Client } from 'pg';
import { BackupError } from '../../../core/errors.ts';

/** What decides whether a server gives its log, and how. */
export interface LogServer {
  readonly version: number;
  /** Of the log's files. */
  readonly segmentBytes: number;
  readonly walLevel: string;
  readonly senders: number;
  readonly slots: number;
  /** Undefined where slots have no limit. */
  readonly slotLimit: number | undefined;
}

/** Slots have had a limit since then. */
const leastVersion = 130_000;

export const readServer = async (client: Client): Promise<LogServer> => {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN
     ('server_version_num', 'wal_segment_size', 'wal_level', 'max_wal_senders', 'max_replication_slots', 'max_slot_wal_keep_size')`,
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const version = Number(settings.get('server_version_num'));
  if (!(version >= leastVersion))
    throw new BackupError(
      'log.unsupported',
      `the server says version ${settings.get('server_version_num')}, expected 13 or newer`,
    );
  const limit = Number(settings.get('max_slot_wal_keep_size'));
  return {
    version,
    segmentBytes: Number(settings.get('wal_segment_size')),
    walLevel: settings.get('wal_level') ?? '',
    senders: Number(settings.get('max_wal_senders')),
    slots: Number(settings.get('max_replication_slots')),
    slotLimit: limit < 0 ? undefined : limit,
  };
};

const wrong = (found: string, statement: string): BackupError =>
  new BackupError('log.setting', `${found}; the statement: ALTER SYSTEM SET ${statement}`);

/** @throws BackupError log.setting, log.unlimited */
export const checkServer = (server: LogServer, allowUnlimited: boolean): void => {
  if (server.walLevel === 'minimal') throw wrong('wal_level is minimal', "wal_level = 'replica'");
  if (server.senders === 0) throw wrong('max_wal_senders is 0', 'max_wal_senders = 10');
  if (server.slots === 0) throw wrong('max_replication_slots is 0', 'max_replication_slots = 10');
  if (server.slotLimit === undefined && !allowUnlimited)
    throw new BackupError(
      'log.unlimited',
      "max_slot_wal_keep_size is -1; the statement, with what the server's disk can spare: ALTER SYSTEM SET max_slot_wal_keep_size = '16GB'",
    );
};
