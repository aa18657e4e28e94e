import { join } from 'node:path';
import { bash, openArchive } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { database, type Bed } from './bed.ts';

const copies = `select datname from pg_database where datname like '${database}\\_%'`;

/** Drops what a restore before made, or left as the undo. */
const clear = async ({ postgresql }: Bed): Promise<void> => {
  const names = await postgresql.psql('postgres', copies);
  for (const name of names.split('\n').filter(Boolean))
    await postgresql.psql('postgres', `drop database "${name}"`);
};

/** Ways to get it back from our archive, the hand-made pipe first. */
export const restores = (bed: Bed): readonly Contender[] => {
  const { archives, env } = bed;
  const open = openArchive(join(archives('postgresql'), 'latest_backup.tar.gz.enc'));
  const name = `${database}_by_hand`;
  return [
    {
      name: 'openssl -d | tar | pg_restore',
      argv: bash(`createdb ${name}; ${open} | tar xzO --wildcards '*.dump*' | pg_restore -d ${name}`),
      env,
      before: () => clear(bed),
    },
    {
      name: 'grill-backup restore',
      argv: ['grill-backup', 'restore', 'postgresql', '--force'],
      env,
      before: () => clear(bed),
    },
    {
      name: 'grill-backup verify --level deep',
      argv: ['grill-backup', 'verify', 'postgresql', '--level', 'deep'],
      env,
    },
  ];
};
