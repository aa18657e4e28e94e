import { exitCodes, type ExitCode } from '../contract/exit-codes.ts';

interface Failure {
  readonly exit: ExitCode;
  /** A later try of the same run may succeed. */
  readonly retryable: boolean;
  /** What the reader can do next. */
  readonly hint: string;
}

/** Every failure a user can meet: stable code → exit code, retryable or not, hint. */
export const failures = {
  'usage.invalid': { exit: exitCodes.usage, retryable: false, hint: 'see --help' },
  'plan.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'correct the values named above; the plan comes from Pulumi.<env>.yaml',
  },
  'plan.missing': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'mount ConfigMap backup-config at /config, or name a file with --plan',
  },
  'secret.missing': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'check the Secret and its keys, and the volume that mounts it',
  },
  'secret.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'use one line of printable text, for example from: openssl rand -base64 32; where archives were made with the old value, keep it as second of encryption.keys and rekey: docs/how-to/secrets.md',
  },
  'secret.weak': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'use at least 20 random characters, for example from: openssl rand -base64 32',
  },
  'tool.missing': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'use the job image, or install the package that holds the program',
  },
  'target.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'grill-backup status shows the targets of the plan',
  },
  'archive.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'grill-backup list shows the archives',
  },
  'source.unreachable': {
    exit: exitCodes.source,
    retryable: true,
    hint: 'check that the server runs, its address, and the NetworkPolicy',
  },
  'source.refused': {
    exit: exitCodes.source,
    retryable: false,
    hint: 'check user, password and rights of the backup account',
  },
  'source.untrusted': {
    exit: exitCodes.source,
    retryable: false,
    hint: 'check connection.tls of the target, and the certificates that it names: docs/how-to/secrets.md',
  },
  'source.unsupported': {
    exit: exitCodes.source,
    retryable: false,
    hint: 'docs/reference/databases.md lists the supported versions',
  },
  'dump.failed': {
    exit: exitCodes.dump,
    retryable: true,
    hint: 'nothing was committed; the output of the dump tool is above',
  },
  'dump.empty': {
    exit: exitCodes.dump,
    retryable: false,
    hint: 'nothing was committed; check that the database and account named in the plan are right',
  },
  'dump.damaged': {
    exit: exitCodes.dump,
    retryable: true,
    hint: 'nothing was committed; the dump did not pass the check of its own format',
  },
  'store.unreachable': {
    exit: exitCodes.store,
    retryable: true,
    hint: 'check endpoint, DNS, TLS and NetworkPolicy of the store',
  },
  'store.refused': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'check the credentials and the policy of the bucket, or the owner of the folder',
  },
  'store.failed': { exit: exitCodes.store, retryable: true, hint: 'what was committed before is untouched' },
  'store.full': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'enlarge the volume, or prune, which works on a full one too: grill-backup prune --dry-run shows what would go',
  },
  'store.missing': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'grill-backup list shows what the store holds',
  },
  'store.exists': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'an archive is never overwritten; start the run again',
  },
  'store.odd': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'this program never makes such a thing: look at it, then remove it or give it another name',
  },
  'store.large': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'this program never writes one as large: look at it, then remove it',
  },
  'store.locked': {
    exit: exitCodes.store,
    retryable: false,
    hint: 'Object Lock keeps it until the time named above; retention removes it afterwards',
  },
  'archive.damaged': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'nothing was restored from it; use an older archive: grill-backup list',
  },
  'archive.truncated': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'nothing was restored from it; use an older archive: grill-backup list',
  },
  'archive.swapped': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'archive and manifest do not belong together; use another archive: grill-backup list',
  },
  'archive.foreign': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'to restore what was made elsewhere on purpose: restore --from-target, --from-environment',
  },
  'archive.future': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'check the clocks, here and where it was made; an archive that is named is taken all the same',
  },
  'manifest.damaged': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'the manifest was altered or cut; use another archive, or the offline recovery in FORMAT.md',
  },
  'key.wrong': {
    exit: exitCodes.damaged,
    retryable: false,
    hint: 'the archive is intact as far as can be told; supply the passphrase it was made with',
  },
  'restore.failed': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'the output of the restore tool is above',
  },
  'restore.refused': { exit: exitCodes.restore, retryable: false, hint: 'nothing was changed' },
  'restore.mismatch': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'see the differences above; what a person has judged to be no loss is restored with --accept mismatch:<item>',
  },
  'restore.incomplete': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'mend the cause, then restore the targets that are left by name; the report is in restores/ of the store',
  },
  'cluster.missing': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'stop services from the restore pod of a plan that names some, or by hand: kubectl scale --replicas=0',
  },
  'cluster.refused': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'name the service in targets[].services and apply the manifests again: Role backup-restore-services grants it',
  },
  'cluster.unreachable': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'check network.apiServer, from which the NetworkPolicy to the API server is made',
  },
  'cluster.failed': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'the answer of the API server is above',
  },
  'service.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    hint: 'correct kind, namespace and name in targets[].services',
  },
  'service.running': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'nothing was restored; see what keeps the pods, or whether something scales the service up again',
  },
  'service.down': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'grill-backup start-services, or kubectl scale with the replicas that services/ of the store holds',
  },
  'drill.unavailable': {
    exit: exitCodes.verification,
    retryable: false,
    hint: 'use the job image, which has the server programs, or name a drill server of the target in the plan',
  },
  'verification.failed': {
    exit: exitCodes.verification,
    retryable: false,
    hint: 'see the report; take a new backup of each failed target',
  },
  'verification.incomplete': {
    exit: exitCodes.unexpected,
    retryable: true,
    hint: 'the report holds what was verified; verify the targets that are left by name, or allow a longer deadline',
  },
  'run.interrupted': {
    exit: exitCodes.unexpected,
    retryable: true,
    hint: 'partial files were removed; start the run again',
  },
  'run.deadline': {
    exit: exitCodes.unexpected,
    retryable: false,
    hint: 'partial files were removed; allow the target a longer deadline, or find what slows the run down',
  },
  'check.failed': {
    exit: exitCodes.verification,
    retryable: false,
    hint: 'grill-backup check --repair mends what is safe; docs/how-to/restore.md tells what to do about the rest',
  },
  'cleanup.failed': {
    exit: exitCodes.restore,
    retryable: false,
    hint: 'what is named above is still on the server; end what holds it, then run grill-backup cleanup again',
  },
  'audit.broken': {
    exit: exitCodes.verification,
    retryable: false,
    hint: 'somebody or something altered the audit trail; keep the store as it is and compare with its copies',
  },
  'lock.lost': {
    exit: exitCodes.locked,
    retryable: true,
    hint: 'the run stopped, as another may have begun; see whether the store was away, then start it again',
  },
  'lock.held': { exit: exitCodes.locked, retryable: true, hint: 'wait for the other run' },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof failures;

/** A failure out of the table above. The message is lower case, says what was found, and holds no secret. */
export class BackupError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }

  get exitCode(): ExitCode {
    return failures[this.code].exit;
  }

  get retryable(): boolean {
    return failures[this.code].retryable;
  }

  get hint(): string {
    return failures[this.code].hint;
  }
}

export const isBackupError = (error: unknown, code?: FailureCode): error is BackupError =>
  error instanceof BackupError && (code === undefined || error.code === code);

/** Message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
