import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bash, empty, script, sizeBelow } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { peerSettings } from '../postgresql/backups.ts';
import type { Bed } from './bed.ts';

/** What pgBackRest says of its newest backup, in bytes. */
interface Backed {
  /** Read from the data folder, on the database's own host. */
  readonly read: number;
  readonly stored: number;
}

const backedUp = (env: Readonly<Record<string, string>>): Backed => {
  const text = execFileSync('pgbackrest', ['info', '--output=json'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const [stanza] = JSON.parse(text) as {
    backup: { info: { delta: number; repository: { delta: number } } }[];
  }[];
  const info = stanza?.backup.at(-1)?.info;
  return { read: info?.delta ?? NaN, stored: info?.repository.delta ?? NaN };
};

/** Columns of who asks the server, and of who reads its files. */
const readHere = (bytes: number) => ({ 'MiB of files read on its host': Math.round(bytes / (1 << 20)) });

const pgbackrest = (bed: Bed, env: Bed['env'], type: 'full' | 'incr'): Contender => {
  const peer = join(bed.folder, 'peer');
  const prepare = `pgbackrest --no-online stanza-create; ${type === 'incr' ? 'pgbackrest --type=full backup;' : ''}`;
  return {
    name: `pgbackrest --type=${type}, 2 processes`,
    argv: ['pgbackrest', `--type=${type}`, 'backup'],
    env,
    before: async () => {
      empty(peer);
      execFileSync('bash', bash(prepare).slice(1), { env: { ...process.env, ...env } });
      await bed.sql('update temperature_readings set battery = random() where random() < 0.001; checkpoint');
    },
    bytes: () => backedUp(env).stored,
    figures: () => readHere(backedUp(env).read),
  };
};

/** Ways to copy the whole server, PostgreSQL's own first. */
export const bases = async (bed: Bed): Promise<readonly Contender[]> => {
  const peer = join(bed.folder, 'peer');
  const env = {
    ...bed.env,
    ...peerSettings(peer, bed.env),
    PGBACKREST_PG1_PATH: await bed.sql('show data_directory'),
    PGBACKREST_PG1_SOCKET_PATH: await bed.sql('show unix_socket_directories'),
  };
  const native = 'pg_basebackup -D - -Ft -X none -c fast';
  const peers = [
    script(bed, 'pg_basebackup -Ft -X none | zstd -1', `${native} 2> /dev/null | zstd -1 -q -o base.tar.zst`),
    {
      name: 'grill-backup base',
      argv: ['grill-backup', 'base', 'ten'],
      env: bed.env,
      before: () => empty(bed.store),
      bytes: () => sizeBelow(bed.store),
    },
  ].map((contender): Contender => ({ ...contender, figures: () => readHere(0) }));
  return [...peers, pgbackrest(bed, env, 'full'), pgbackrest(bed, env, 'incr')];
};
