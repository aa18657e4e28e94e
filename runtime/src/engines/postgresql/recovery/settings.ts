import type { LogTarget } from '../../engine-log.ts';
import type { Control } from './control.ts';

/** A value of postgresql.conf. */
const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export type Settings = Readonly<Record<string, string>>;

/** Text of a file of settings. */
export const settingsText = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoted(value)}\n`)
    .join('');

/** Where PostgreSQL stops; nothing for the end of the log. */
export const targetSettings = (until: LogTarget): Settings => {
  if (until === 'latest') return {};
  if ('time' in until)
    return { recovery_target_time: until.time.toISOString().replace('T', ' ').replace('Z', '+00') };
  if ('position' in until) return { recovery_target_lsn: until.position };
  if ('beforePosition' in until)
    return { recovery_target_lsn: until.beforePosition, recovery_target_inclusive: 'off' };
  return { recovery_target_xid: until.beforeTransaction, recovery_target_inclusive: 'off' };
};

/** More than restores and counts of a scratch server have. */
const leastConnections = 50;

/** Prepared transactions that the log may bring although the base had room for none: each costs little memory. */
const leastPrepared = 64;

/**
 * Of a server for data that is thrown away. It has no address but a socket in its own folder, archives nothing, loads no library,
 * and runs nothing by itself. Limits are at least those that the data comes from; nobody asks it while it recovers, so limits that
 * the log raises do not stop it.
 */
export const scratchSettings = (folder: string, { connections, workers, ...control }: Control): Settings => ({
  listen_addresses: '',
  unix_socket_directories: folder,
  unix_socket_permissions: '0700',
  hba_file: `${folder}/pg_hba.conf`,
  ident_file: `${folder}/pg_ident.conf`,
  external_pid_file: '',
  max_connections: `${Math.max(connections, leastConnections)}`,
  max_worker_processes: `${workers}`,
  max_prepared_transactions: `${Math.max(control.preparedTransactions, leastPrepared)}`,
  max_locks_per_transaction: `${control.locksPerTransaction}`,
  hot_standby: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  archive_mode: 'off',
  shared_preload_libraries: '',
  autovacuum: 'off',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  jit: 'off',
  ssl: 'off',
  huge_pages: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  lc_messages: 'C',
});

/** Walsenders for a copy of the files, and for the session that asks for it. */
const leastSenders = 4;

/**
 * Of a server that stays a standby at the end of the log, so that its files can be copied like those of any server. As somebody asks it,
 * its limits have to be those of the log.
 */
export const standbySettings = (
  folder: string,
  control: Control,
  command: string,
  timeline: number,
): Settings => ({
  ...scratchSettings(folder, control),
  hot_standby: 'on',
  wal_level: 'replica',
  max_wal_senders: `${Math.max(control.senders, leastSenders)}`,
  restore_command: command,
  recovery_target_timeline: `${timeline}`,
  wal_retrieve_retry_interval: '1s',
  max_standby_archive_delay: '-1',
});

/** Follows the stored line of timelines to its end, and opens for writing where it stops. */
export const recoverySettings = (until: LogTarget, command: string, timeline: number): Settings => ({
  restore_command: command,
  recovery_target_timeline: `${timeline}`,
  recovery_target_action: 'promote',
  ...targetSettings(until),
});
