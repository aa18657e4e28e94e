import { isBackupError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import type { Finding } from './finding.ts';

const notice = (store: Store, kind: Finding['kind'], message: string): Finding => ({
  target: '',
  store: store.location,
  kind,
  key: '',
  severity: 'notice',
  message,
});

/** Every lock, alias and pruned archive stays as an old version until a rule of the bucket removes it. */
const pileUp =
  'the bucket keeps versions, and no lifecycle rule removes old ones (NoncurrentVersionExpiration): it grows forever';

/** Whether a versioned bucket grows for ever, or the account may not see it. */
export const versionFindings = async (store: Store): Promise<readonly Finding[]> => {
  const { versions } = store;
  if (!versions) return [];
  try {
    if (!(await versions.areKept())) return [];
    for await (const _ of versions.list('')) break; // the right to see what is hidden
    return (await versions.expire()) ? [] : [notice(store, 'versions-pile-up', pileUp)];
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const unknown = `whether old versions pile up, and deleted archives could be brought back, could not be checked: ${error.message}`;
    return [notice(store, 'versions-unknown', unknown)];
  }
};
