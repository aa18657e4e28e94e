import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { passphrase } from './installation.ts';
import { startPostgresql, type PostgresqlOptions } from './postgresql.ts';
import { removeFolder, unprivileged, workFolder } from './private-server.ts';
import { until } from './until.ts';

const script = join(import.meta.dirname, '../../runtime/recovery/recover.sh');

/** What the script said. */
export interface Offline {
  readonly code: number | null;
  readonly stderr: string;
}

/** recover.sh, without a program of ours in PATH. */
export interface OfflineRecovery {
  /** The passphrase, for `--key-file`. */
  readonly keyFile: string;
  /** @throws Error where the passphrase shows, or something is left behind */
  readonly run: (...args: readonly string[]) => Promise<Offline>;
  readonly stop: () => Promise<void>;
}

/** @param programs folder of the programs of PostgreSQL */
export const offlineRecovery = (programs: string): OfflineRecovery => {
  const folder = workFolder('offline-wal');
  const keyFile = join(folder, 'passphrase');
  writeFileSync(keyFile, `${passphrase}\n`);
  const path = [programs, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
  return {
    keyFile,
    run: async (...args) => {
      const child = spawn('/bin/dash', [script, ...args], { env: { PATH: path, TMPDIR: folder } });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.stdout.resume();
      const [code] = (await once(child, 'close')) as [number | null];
      if (stderr.includes(passphrase)) throw new Error('the script shows the passphrase');
      const left = readdirSync(folder).filter((name) => name.startsWith('grill-recover'));
      if (left.length > 0) throw new Error(`the script left ${left.join()}`);
      return { code, stderr };
    },
    stop: () => removeFolder(folder),
  };
};

/** What a server that starts from a data directory answers once it is open; the server's user is not this one. */
export const answerFrom = async (
  data: string,
  options: Pick<PostgresqlOptions, 'programs' | 'password'>,
  database: string,
  sql: string,
): Promise<string> => {
  for (const each of [data, `${data}_tablespaces`])
    if ('uid' in unprivileged)
      execFileSync('sh', ['-c', `[ ! -e "$2" ] || chown -R "$1" "$2"`, 'sh', `${unprivileged.uid}`, each]);
  const recovered = await startPostgresql({ data, ...options });
  try {
    await until(async () => (await recovered.psql('postgres', 'SELECT pg_is_in_recovery()')).trim() === 'f');
    return await recovered.psql(database, sql);
  } finally {
    await recovered.stop();
  }
};
