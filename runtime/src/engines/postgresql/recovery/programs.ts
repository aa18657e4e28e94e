import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { ServerInfo } from '../../source.ts';
import { majorOf, serverPrograms } from '../tools.ts';

/** Folder of the server programs that a base needs, empty where they are in PATH. @throws BackupError drill.unavailable */
export const programsFor = async (context: RunContext, { version }: ServerInfo): Promise<string> => {
  const programs = await serverPrograms(context, majorOf(version));
  if (programs === undefined)
    throw new BackupError(
      'drill.unavailable',
      `no PostgreSQL ${majorOf(version)} server program is installed to recover into`,
    );
  return programs;
};
