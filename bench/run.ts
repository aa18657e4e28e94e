import { parseArgs } from 'node:util';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { backups, restores } from './backups.ts';
import { database, makeBed } from './bed.ts';
import { measure, type Contender } from './measure.ts';
import { raced } from './race.ts';

const { values } = parseArgs({
  options: {
    /** Size of the database. */
    megabytes: { type: 'string', default: '1000' },
    /** Contenders take turns this often; medians are printed. */
    rounds: { type: 'string', default: '3' },
    /** Only ours and what it is measured against. */
    quick: { type: 'boolean', default: false },
  },
});

const rounds = Number(values.rounds);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const show = async (title: string, contenders: readonly Contender[]): Promise<void> =>
  say(`\n${await raced(title, contenders, rounds)}`);

const bed = await makeBed(Number(values.megabytes));
try {
  const size = await bed.postgresql.psql(database, `select pg_size_pretty(pg_database_size('${database}'))`);
  say(`database of ${size}, ${rounds} rounds`);
  const all = backups(bed);
  await show('backup', values.quick ? all.slice(0, 2) : all);
  await measure(mustExist(all[1], 'backup by another program')); // the archive that the restores read
  await show('restore', restores(bed));
} finally {
  await bed.stop();
}
