import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** What is wrong before anything begins: the command, the plan, its secrets, the image. */
export const usageFailures = {
  'usage.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The command or its options are not valid, or do not fit the plan.',
    hint: 'see --help',
    action: 'Correct the command. `grill-backup <command> --help` lists the options and examples.',
  },
  'plan.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The environment file, `plan.json` or an override has values that are not valid.',
    hint: 'correct the values named above; the plan comes from Pulumi.<env>.yaml',
    action:
      'The message names every problem with its path, what was found and what is allowed; docs/reference/configuration.md has every field. Correct `Pulumi.<env>.yaml`, run `npm run synth` and deploy. A message about a variable such as `BACKUP_RETENTION_DAYS` means an edit of ConfigMap `backup-config`.',
  },
  'plan.missing': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'There is no plan to read.',
    hint: 'mount ConfigMap backup-config at /config, or name a file with --plan',
    action:
      'In a pod, check that ConfigMap `backup-config` exists in its namespace: `kubectl get configmap backup-config`. Elsewhere use `--plan`, or set `GRILL_BACKUP_PLAN` to the path of a plan.',
  },
  'secret.missing': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'A key of a Secret, or a certificate file, cannot be read or is empty.',
    hint: 'check the Secret and its keys, and the volume that mounts it',
    action:
      'The message names the Secret and the key. Compare the key with `secret.keys` of the target or `encryption.keys` of the plan. Where an operator writes the Secret, see the events of its OnePasswordItem or ExternalSecret: docs/how-to/secrets.md.',
  },
  'secret.invalid': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'A passphrase is not one line of printable text, of at most 1023 bytes.',
    hint: 'use one line of printable text, for example from: openssl rand -base64 32; if archives were made with the old value, keep it as the second of encryption.keys and run rekey: docs/how-to/secrets.md',
    action:
      '`openssl` and the recovery script would read another passphrase from it, or nobody could type it in an emergency. Replace it. Archives that were made with the old value need it as a second entry of `encryption.keys` until `grill-backup rekey` has rewritten them.',
  },
  'secret.weak': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'A passphrase is short, or a placeholder from an example.',
    hint: 'use at least 20 random characters, for example from: openssl rand -base64 32',
    action:
      'Anyone who can read the store can try passphrases offline, so a short one does not protect the archives. Replace it, and `grill-backup rekey` archives that were made with it: docs/how-to/secrets.md.',
  },
  'tool.missing': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'A program that the engine needs is not installed, or not in the version of the server.',
    hint: 'use the job image, or install the package that holds the program',
    action:
      'The message names the program. The job image has the client programs of the versions that docs/reference/job-image.md lists; build it with another `POSTGRESQL_MAJORS` for a server of another version.',
  },
  'target.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The plan has no target of this name.',
    hint: 'grill-backup status shows the targets of the plan',
    action:
      'Use a name of `targets[].name`. Archives of a target that has left the plan, or got another name, are restored with `--from-target`.',
  },
  'archive.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'No store has the archive that was named, or the target has no archive at all.',
    hint: 'grill-backup list shows the archives',
    action:
      'Use the file name, path or `s3://` address that `grill-backup list <target>` shows. An archive without its manifest does not count: `grill-backup check` names it.',
  },
} as const satisfies Failures;
