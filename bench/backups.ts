import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { database, type Bed } from './bed.ts';
import type { Contender } from './measure.ts';

const cipher = 'openssl enc -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -salt -pass env:PASSPHRASE';

const sizeBelow = (path: string): number =>
  statSync(path).isFile()
    ? statSync(path).size
    : readdirSync(path, { recursive: true })
        .map((name) => statSync(join(path, String(name))))
        .filter((entry) => entry.isFile())
        .reduce((sum, { size }) => sum + size, 0);

const empty = (path: string): void => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
};

/** Any part of a pipe that fails fails the script. */
const bash = (script: string): readonly string[] => ['bash', '-c', `set -eo pipefail; ${script}`];

/** As near to what ours does as they come: encrypted, gzip at level 1 where there is a choice, no archiving of WAL. */
const peerSettings = (peer: string, env: Bed['env']): Record<string, string> => ({
  RESTIC_REPOSITORY: join(peer, 'restic'),
  RESTIC_PASSWORD: mustExist(env['PASSPHRASE'], 'PASSPHRASE'),
  PGBACKREST_STANZA: 'bench',
  PGBACKREST_REPO1_PATH: join(peer, 'pgbackrest'),
  PGBACKREST_REPO1_CIPHER_TYPE: 'aes-256-cbc',
  PGBACKREST_REPO1_CIPHER_PASS: mustExist(env['PASSPHRASE'], 'PASSPHRASE'),
  PGBACKREST_REPO1_RETENTION_FULL: '1',
  PGBACKREST_COMPRESS_TYPE: 'gz',
  PGBACKREST_COMPRESS_LEVEL: '1',
  PGBACKREST_PROCESS_MAX: '2',
  PGBACKREST_ARCHIVE_CHECK: 'n',
  PGBACKREST_START_FAST: 'y',
  PGBACKREST_LOG_LEVEL_FILE: 'off',
  PGBACKREST_LOCK_PATH: peer,
  PGBACKREST_PG1_PORT: mustExist(env['PGPORT'], 'PGPORT'),
  PGBACKREST_PG1_USER: mustExist(env['PGUSER'], 'PGUSER'),
});

/** Ways to back the database up, the bare dump first: all others are measured against it. */
export const backups = ({ folder, env }: Bed): readonly Contender[] => {
  const archives = join(folder, 'backup/postgresql');
  const peer = join(folder, 'peer');
  const shell = (name: string, script: string): Contender => ({
    name,
    argv: bash(`cd ${peer}; ${script}`),
    env: { ...env, ...peerSettings(peer, env) },
    before: () => empty(peer),
    bytes: () => sizeBelow(peer),
  });
  const dump = `pg_dump -Fc -Z0 ${database}`;
  return [
    { name: 'pg_dump -Fc -Z0 > /dev/null', argv: ['pg_dump', '-Fc', '-Z0', database], env },
    {
      name: 'grill-backup backup',
      argv: ['grill-backup', 'backup', 'postgresql'],
      env,
      before: () => empty(join(folder, 'backup')),
      bytes: () =>
        Math.max(
          ...readdirSync(archives)
            .filter((name) => name.endsWith('.enc'))
            .map((name) => statSync(join(archives, name)).size),
        ),
    },
    shell('pg_dump -Z0 | gzip -6 | openssl', `${dump} | gzip -6 | ${cipher} -out peer.enc`),
    shell('pg_dump -Z0 | pigz -1 | openssl', `${dump} | pigz -1 | ${cipher} -out peer.enc`),
    shell('pg_dump -Fd -j2', `pg_dump -Fd -j2 -f dump ${database}`),
    shell('pg_dump -Z0 | restic --stdin', `restic init -q; ${dump} | restic backup -q --stdin`),
    shell(
      'pgbackrest --type=full, 2 processes',
      `PGBACKREST_PG1_PATH=$(psql -Atc 'show data_directory' postgres); export PGBACKREST_PG1_PATH;
       PGBACKREST_PG1_SOCKET_PATH=$(psql -Atc 'show unix_socket_directories' postgres); export PGBACKREST_PG1_SOCKET_PATH;
       pgbackrest --no-online stanza-create; pgbackrest --type=full backup`,
    ),
    shell(
      'the seed: -Z9, tar czf, openssl',
      `pg_dump -Fc -Z9 -f seed.dump ${database}; tar czf seed.tar.gz seed.dump; ${cipher} -in seed.tar.gz -out peer.enc; rm seed.*`,
    ),
  ];
};

/** Ways to get it back from our archive, the hand-made pipe first. */
export const restores = ({ env, folder, postgresql }: Bed): readonly Contender[] => {
  const latest = join(folder, 'backup/postgresql/latest_backup.tar.gz.enc');
  const cleared = async (): Promise<void> => {
    const names = await postgresql.psql(
      'postgres',
      `select datname from pg_database where datname like '${database}\\_%'`,
    );
    for (const name of names.split('\n').filter(Boolean))
      await postgresql.psql('postgres', `drop database "${name}"`);
  };
  const open = `openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -pass env:PASSPHRASE -in ${latest}`;
  const name = `${database}_by_hand`;
  return [
    {
      name: 'openssl -d | tar | pg_restore',
      argv: bash(`createdb ${name}; ${open} | tar xzO --wildcards '*.dump*' | pg_restore -d ${name}`),
      env,
      before: cleared,
    },
    {
      name: 'grill-backup restore',
      argv: ['grill-backup', 'restore', 'postgresql', '--force'],
      env,
      before: cleared,
    },
    {
      name: 'grill-backup verify --level deep',
      argv: ['grill-backup', 'verify', 'postgresql', '--level', 'deep'],
      env,
    },
  ];
};
