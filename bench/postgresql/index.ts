import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { measure } from '../harness/measure.ts';
import { race } from '../harness/race.ts';
import type { Report, Suite } from '../harness/suite.ts';
import { ours, peers, variations } from './backups.ts';
import { database, makeBed, type Bed } from './bed.ts';
import { restores } from './restores.ts';

const subjectOf = async ({ postgresql: { psql } }: Bed): Promise<string> => {
  const version = await psql('postgres', 'show server_version');
  const size = await psql(database, `select pg_size_pretty(pg_database_size('${database}'))`);
  return `PostgreSQL ${version.split(' ')[0]}, database of ${size}`;
};

interface Wanted {
  readonly peers: boolean;
  readonly restores: boolean;
}

const races = async (bed: Bed, rounds: number, wanted: Wanted): Promise<Report['races']> => {
  const own = ours(bed);
  const contenders = [...own, ...variations(bed), ...(wanted.peers ? peers(bed) : [])];
  const backup = await race({ title: 'backup', contenders, rounds, servers: [bed.observed] });
  if (!wanted.restores) return [backup];
  await measure(mustExist(own[1], 'our backup')); // the archive that the restores read
  const servers = [{ pid: bed.observed.pid }];
  return [backup, await race({ title: 'restore', contenders: restores(bed), rounds, servers })];
};

/** Readings of the demo's PostgreSQL: timestamps, numerics and floats, about 50 bytes a row, two indexes. */
export const postgresql: Suite = {
  name: 'postgresql',
  flags: {
    /** Size of the database. */
    megabytes: { type: 'string', default: '1000' },
    /** Only ours and what it is measured against. */
    quick: { type: 'boolean', default: false },
    /** Without restores. */
    backups: { type: 'boolean', default: false },
  },
  run: async (rounds, { megabytes, quick, backups }) => {
    const bed = await makeBed(Number(megabytes));
    try {
      const measured = await races(bed, rounds, { peers: quick !== true, restores: backups !== true });
      return { subject: await subjectOf(bed), races: measured };
    } finally {
      await bed.stop();
    }
  },
};
