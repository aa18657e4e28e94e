import { BackupError, isBackupError, messageOf } from '../core/errors.ts';

/** What decompression reports is damage: the ciphertext was authentic, but not what this program writes. */
export async function* asDamage(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw isBackupError(error)
      ? error
      : new BackupError('archive.damaged', `archive cannot be decompressed: ${messageOf(error)}`, {
          cause: error,
        });
  }
}
