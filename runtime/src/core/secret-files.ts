import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from './errors.ts';

/** Text of a secret that is no passphrase: an editor of Windows leaves a carriage return at its end too. */
export const withoutReturn = (text: string): string => text.replace(/\r$/, '');

/** Reads `<folder>/<secret>/<key>`, without the newline that an editor leaves at the end. */
export const secretFiles =
  (folder: string) =>
  async (secret: string, key: string): Promise<string> => {
    const text = await readFile(join(folder, secret, key), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new BackupError('secret.missing', `key ${key} of secret ${secret} cannot be read: ${error.code}`);
    });
    const value = text.replace(/\n$/, '');
    if (withoutReturn(value) === '')
      throw new BackupError('secret.missing', `key ${key} of secret ${secret} is empty`);
    return value;
  };
