import { rename, writeFile } from 'node:fs/promises';
import { BackupError, messageOf } from '../../core/errors.ts';
import { verificationKeysOf } from '../../crypto/verification-keys.ts';
import type { App } from '../../session/app.ts';

/** For its owner alone: who can sign with them and write to a store can plant what counts. */
const mode = 0o400;

/** Writes the keys; over those that are there, since a container may start again. @throws BackupError `usage.invalid` */
export const writeVerificationKeys = async ({ keys, run }: App, file: string): Promise<void> => {
  if (!keys) return run.log.info('the plan does not encrypt, so there are no keys');
  const text = await verificationKeysOf(keys);
  const partial = `${file}.partial-${run.randomBytes(4).toString('hex')}`;
  try {
    await writeFile(partial, text, { mode, flag: 'wx' });
    await rename(partial, file);
  } catch (error) {
    throw new BackupError('usage.invalid', `${file} cannot be written: ${messageOf(error)}`);
  }
};
