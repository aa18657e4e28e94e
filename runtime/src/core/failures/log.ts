import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** The log of a database: what point-in-time recovery takes, keeps and reads. */
export const logFailures = {
  'log.hba': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'PostgreSQL has no line in pg_hba.conf that lets the account replicate.',
    hint: 'add the line above to pg_hba.conf, and reload: SELECT pg_reload_conf()',
    action:
      'Add the line of the message to pg_hba.conf of the server, above lines that reject, and reload. `host all …` does not match: `all` leaves replication out.',
  },
  'log.role': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'The account lacks the attribute REPLICATION.',
    hint: 'run the statement above as a superuser, or name another account in pointInTime.secret',
    action:
      'Run `ALTER ROLE … REPLICATION` as a superuser. Managed services grant it by a role of their own, or not at all: then there is no point-in-time recovery by this program, and theirs is the one to use.',
  },
  'log.setting': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'A setting of the server does not let anybody take its log.',
    hint: 'run the statement above as a superuser; wal_level, max_wal_senders and max_replication_slots then need a restart',
    action:
      'The message has the setting and what it has to be. Every connection that takes the log counts for `max_wal_senders`, and every slot for `max_replication_slots`.',
  },
  'log.unlimited': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'The server keeps log for slots without limit: a receiver that stays away would fill its disk.',
    hint: 'run the statement above as a superuser, and reload the server; or accept it with pointInTime.allowUnlimitedSlot',
    action:
      'Set `max_slot_wal_keep_size` to what the disk can spare: the server then gives the slot up rather than stop, and the receiver records a gap.',
  },
  'log.unsupported': {
    exit: exitCodes.source,
    retryable: false,
    meaning:
      'The server offers its log to nobody, as managed services do, or is too old, or is not PostgreSQL itself.',
    hint: 'remove pointInTime of the target, and use the point-in-time recovery of the service; the nightly backups go on',
    action:
      'Physical replication needs PostgreSQL 13 or newer, reached directly and not through a pooler. Managed services keep it to themselves, and have a point-in-time recovery of their own.',
  },
  'log.busy': {
    exit: exitCodes.locked,
    retryable: true,
    meaning: 'Somebody else takes the log through the slot.',
    hint: 'stop the other receiver, or name another slot in pointInTime.slot; a connection that broke is given up within wal_sender_timeout',
    action:
      '`SELECT * FROM pg_stat_replication` on the server shows who it is. Two environments must not use one slot: by default its name holds that of the environment.',
  },
  'log.lost': {
    exit: exitCodes.source,
    retryable: true,
    meaning: 'The server gave the slot up, as the receiver was behind by more than `max_slot_wal_keep_size`.',
    hint: 'the receiver makes a new slot and records the gap; take a base: grill-backup base',
    action:
      'Instants up to the gap can still be restored, and those after the next base. Find out why the receiver was behind: the store, the network, or a receiver that did not run. A larger `max_slot_wal_keep_size` gives it more time.',
  },
  'log.gap': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning:
      'A part of the log is missing: the server no longer had it, or somebody removed it from the store.',
    hint: 'instants before the gap can be restored from an older base, those after it from a newer one',
    action:
      'The message names where the gap begins and ends, and the newest instant before it. `grill-backup wal status` lists what is stored. Log that was stored and is gone may be in a copy of the store.',
  },
  'log.diverged': {
    exit: exitCodes.source,
    retryable: false,
    meaning:
      'The store has log that the server does not have, on the same timeline: the server was put back to an earlier state.',
    hint: 'start the server once with recovery.signal, so that it opens a new timeline; then start the receiver again',
    action:
      "A server that was put back from a snapshot writes other data under positions that were used before. The log of both must not mix. A new timeline tells them apart: stop the server, create `recovery.signal` in its data directory with `restore_command = 'false'`, and start it.",
  },
  'log.unreached': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The stored log does not reach the instant that was asked for.',
    hint: 'nothing was restored; ask for the instant that the message names, or for an earlier one',
    action:
      'The message says where the log ends without a hole. `--to latest` restores that instant. An instant of the last seconds needs the receiver to have stored it: wait for it, or look why it is behind.',
  },
} as const satisfies Failures;
