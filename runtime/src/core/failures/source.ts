import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** The database and its dump. */
export const sourceFailures = {
  'source.unreachable': {
    exit: exitCodes.source,
    retryable: true,
    meaning: 'The database server does not answer.',
    hint: 'check that the server runs, its address, and the NetworkPolicy',
    action:
      'Check that the server runs and that `connection.host` and `connection.port` are its address. In a cluster, `targets[].network` has to select its pods: `kubectl describe networkpolicy <target>-backup-to-database`.',
  },
  'source.refused': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'The server rejects the account, or the account lacks a right.',
    hint: 'check user, password and rights of the backup account',
    action:
      'Compare the Secret with the password on the server, for instance after a rotation. docs/reference/databases.md lists the rights that a backup and a restore need.',
  },
  'source.untrusted': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'The TLS handshake with the server failed, so nothing was sent.',
    hint: 'check connection.tls of the target, and the certificates that it names: docs/how-to/secrets.md',
    action:
      'The message names the cause: an unknown CA, a name that does not match, an expired certificate, or a missing client certificate. Correct `connection.tls`, or renew the certificate. Do not turn verification off: anyone who answers would get the password.',
  },
  'source.unsupported': {
    exit: exitCodes.source,
    retryable: false,
    meaning: 'The server, or something that it holds, is not supported.',
    hint: 'docs/reference/databases.md lists the supported versions',
    action:
      'The message names what was found. Back up another server of the same data, upgrade the server, or exclude what cannot be dumped.',
  },
  'dump.failed': {
    exit: exitCodes.dump,
    retryable: true,
    meaning: 'The dump stopped before its end.',
    hint: 'nothing was committed; the output of the dump tool is above',
    action:
      'Read the output of the tool in the log. Common causes are a server that restarted, a statement timeout of the account, and locks of a migration. The next try starts from the beginning; earlier archives are not touched.',
  },
  'dump.empty': {
    exit: exitCodes.dump,
    retryable: false,
    meaning: 'The dump holds no data, so it did not become an archive.',
    hint: 'nothing was committed; check that the database and account named in the plan are right',
    action:
      'Check that `connection` names the right server and database, and that the account sees its data. If the data was lost, restore the newest archive: docs/how-to/restore.md.',
  },
  'dump.damaged': {
    exit: exitCodes.dump,
    retryable: true,
    meaning: 'The dump does not have the format that its tool writes.',
    hint: 'nothing was committed; the dump failed the check of its format',
    action:
      'Start the run again. If it fails again, the data on the server may be damaged: check it with the means of the database, and keep the archives that you have.',
  },
} as const satisfies Failures;
