import { join } from 'node:path';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { cipher, ourBackup, script } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { passphrase } from '../harness/plan-folder.ts';
import { database, type Bed } from './bed.ts';

/** As near to what ours does as they come: encrypted, gzip at level 1 where there is a choice, no archiving of WAL. */
export const peerSettings = (peer: string, env: Bed['env']): Record<string, string> => ({
  RESTIC_REPOSITORY: join(peer, 'restic'),
  RESTIC_PASSWORD: passphrase,
  PGBACKREST_STANZA: 'bench',
  PGBACKREST_REPO1_PATH: join(peer, 'pgbackrest'),
  PGBACKREST_REPO1_CIPHER_TYPE: 'aes-256-cbc',
  PGBACKREST_REPO1_CIPHER_PASS: passphrase,
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

/** The bare dump, against which all others are measured, and ours. */
export const ours = (bed: Bed): readonly Contender[] => [
  { name: 'pg_dump -Fc -Z0 > /dev/null', argv: ['pg_dump', '-Fc', '-Z0', database], env: bed.env },
  ourBackup(bed, 'grill-backup backup', 'postgresql'),
];

/** Ours with settings that cost more. */
export const variations = (bed: Bed): readonly Contender[] => [
  ourBackup(bed, '  contentHash: true', 'hashed'),
  ourBackup(bed, '  count: server', 'by-server'),
  ourBackup(bed, '  count: server, contentHash: true', 'hashed-by-server'),
];

const dump = `pg_dump -Fc -Z0 ${database}`;

/** Other ways to back the database up. */
export const peers = (bed: Bed): readonly Contender[] => {
  const settings = peerSettings(join(bed.folder, 'peer'), bed.env);
  const shell = (name: string, text: string): Contender => script(bed, name, text, settings);
  return [
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
