import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** Archives that are not what they should be. */
export const archiveFailures = {
  'archive.damaged': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'The content of the archive was altered or is damaged.',
    hint: 'nothing was restored from it; use an older archive: grill-backup list',
    action:
      'Use another archive, or the copy in the other store: name it by its `s3://` address or path. Take a new backup, then find the cause: a failing disk, or somebody who can write to the store.',
  },
  'archive.truncated': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'The archive ends early, or is gone and only its manifest is left.',
    hint: 'nothing was restored from it; use an older archive: grill-backup list',
    action:
      'Use another archive, or the copy in the other store. `grill-backup check --repair` brings back what another store still has.',
  },
  'archive.swapped': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'Archive and manifest are each authentic, but belong to different backups.',
    hint: 'archive and manifest do not belong together; use another archive: grill-backup list',
    action:
      'Somebody renamed or exchanged files in the store. Use another archive, keep the store as it is, and compare it with its copies.',
  },
  'archive.foreign': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'The archive is authentic, but of another target, environment, engine or folder.',
    hint: 'to restore an archive of another target or environment on purpose: restore --from-target, --from-environment',
    action:
      'If you know where it comes from, restore it with `--from-target` or `--from-environment`. If not, find out who copied it into the store.',
  },
  'archive.future': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'The archive says that it was taken in the future, so it does not count as the newest.',
    hint: 'check the clocks, here and where it was made; to restore it anyway, name the archive',
    action:
      'Correct the clock of the node that made it, or of this one. A restore that names the archive uses it.',
  },
  'manifest.damaged': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'The manifest of the archive was altered, cut short, or is not a manifest.',
    hint: 'the manifest was altered or cut; use another archive, or the offline recovery in FORMAT.md',
    action:
      '`grill-backup check --repair` brings back a manifest that another store has whole. Without any, recover by hand: docs/how-to/offline-recovery.md.',
  },
  'key.wrong': {
    exit: exitCodes.damaged,
    retryable: false,
    meaning: 'No key of the plan opens the archive.',
    hint: 'the archive shows no sign of damage; supply the passphrase that it was made with',
    action:
      'Put the old passphrase into the encryption Secret under a key of its own, and add it to `encryption.keys` after the current one. `grill-backup show <target> <archive>` names the key that sealed it.',
  },
} as const satisfies Failures;
