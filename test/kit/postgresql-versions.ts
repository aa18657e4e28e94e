import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { majorOf } from '../../runtime/src/engines/postgresql/tools.ts';
import { binDir } from './postgresql.ts';

/** Versions besides Debian's: POSTGRESQL_BINS=/path/to/17/bin:/path/to/18/bin, each with server and client programs. */
const others = (process.env['POSTGRESQL_BINS'] ?? '').split(':').filter(Boolean);

export const postgresqlPrograms: readonly string[] = [binDir, ...others];

/** Programs of a version, and what they call themselves. */
export interface PostgresqlVersion {
  readonly programs: string;
  readonly version: string;
}

export const postgresqlVersions: readonly PostgresqlVersion[] = postgresqlPrograms.map((programs) => ({
  programs,
  version: execFileSync(join(programs, 'pg_dump'), ['--version'], { encoding: 'utf8' }).split(' ')[2]!.trim(),
}));

/** Versions of some majors: none where no folder of them was named. */
export const versionsFrom = (leastMajor: number): readonly PostgresqlVersion[] =>
  postgresqlVersions.filter(({ version }) => majorOf(version) >= leastMajor);

const path = process.env['PATH'];

/** Puts the programs of a version first in PATH, as an image of that version has them. */
export const usePrograms = ({ programs }: Pick<PostgresqlVersion, 'programs'>): void => {
  process.env['PATH'] = `${programs}:${path}`;
};
