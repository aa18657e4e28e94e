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
} as const satisfies Failures;
