import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** Where archives are kept. */
export const storeFailures = {
  'store.unreachable': {
    exit: exitCodes.store,
    retryable: true,
    meaning: 'The store does not answer.',
    hint: 'check endpoint, DNS, TLS and NetworkPolicy of the store',
    action:
      'A run has tried several times already. Check `stores.s3.endpoint`, `stores.s3.proxy` and `network.objectStore`; for a directory check the volume and its node.',
  },
  'store.refused': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'The store rejects the account, or the bucket or folder is not there.',
    hint: 'check the credentials and the policy of the bucket, or the owner of the folder',
    action:
      'Compare the keys in the encryption Secret with the account, and the policy of the bucket with docs/how-to/deploying.md. A folder has to belong to user 10001, and the volume has to be mounted.',
  },
  'store.failed': {
    exit: exitCodes.store,
    retryable: true,
    meaning: 'The store answered with an error, or with less than it promised.',
    hint: 'what was committed before is untouched',
    action:
      'A run has tried several times already. See the log of the store or the gateway. A gateway that answers 400 or 501 to conditional writes needs `stores.s3.conditionalWrites: false`.',
  },
  'store.full': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'The volume or the quota has no room left. No archive was committed.',
    hint: 'enlarge the volume, or prune, which works on a full one too: grill-backup prune --dry-run shows what would be removed',
    action:
      'Enlarge the volume (`storage.size`), or shorten `retention` and run `grill-backup prune`. While backups fail, retention removes nothing; `grill-backup prune --force` lifts that.',
  },
  'store.missing': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'A file that the run needs is no longer in the store.',
    hint: 'grill-backup list shows what the store holds',
    action:
      'Somebody or something removed it during the run. `grill-backup check` compares the stores, and `check --repair` brings files back from the other store.',
  },
  'store.exists': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'A file of this name already exists, and it must not be overwritten.',
    hint: 'an archive is never overwritten; start the run again',
    action:
      'Start the run again: its archive gets a new name. If this happens often, two systems use one folder or prefix.',
  },
  'store.odd': {
    exit: exitCodes.store,
    retryable: false,
    meaning:
      'Something that is not a regular file has the place of a file: a link, a folder, a socket or a device.',
    hint: 'this program never creates such an object: inspect it, then remove or rename it',
    action:
      'Find out who put it there: somebody else can write to the store. The program never follows it. Remove it, or move it out of the store.',
  },
  'store.large': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'A manifest, a record or a lock is larger than this program ever writes one.',
    hint: 'this program never writes an object this large: inspect it, then remove it',
    action:
      'Find out who put it there: somebody else can write to the store. Remove it. `grill-backup check` finds what then is missing.',
  },
  'store.locked': {
    exit: exitCodes.store,
    retryable: false,
    meaning: 'Object Lock protects the object from removal.',
    hint: 'Object Lock keeps it until the time named above; retention removes it afterwards',
    action:
      'Nothing has to be done. If it happens every day, `aws.objectLock.days` is longer than `retention.days`.',
  },
} as const satisfies Failures;
