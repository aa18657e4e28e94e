import { parseArgs } from 'node:util';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { table } from '../runtime/src/core/text-table.ts';
import { backups, restores } from './backups.ts';
import { database, makeBed } from './bed.ts';
import { measure, type Contender, type Measured } from './measure.ts';

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

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / (1 << 20)).toFixed(0)} MiB`;

interface Raced {
  readonly contender: Contender;
  readonly runs: readonly Measured[];
}

/** Each round in turn, so that what else the machine does falls on all alike. */
const race = async (contenders: readonly Contender[]): Promise<readonly Raced[]> => {
  const results = contenders.map((contender) => ({ contender, runs: [] as Measured[] }));
  for (let round = 0; round < rounds; round++)
    for (const { contender, runs } of results) runs.push(await measure(contender));
  return results;
};

const show = async (title: string, contenders: readonly Contender[]): Promise<void> => {
  const results = await race(contenders);
  const seconds = (runs: readonly Measured[]): number => median(runs.map((run) => run.seconds));
  const first = seconds(results[0]?.runs ?? []);
  const rows = results.map(({ contender, runs }) => [
    contender.name,
    seconds(runs).toFixed(1),
    (seconds(runs) / first).toFixed(2),
    mebibytes(Math.max(...runs.map(({ peakBytes }) => peakBytes))),
    mebibytes(runs[0]?.bytes),
  ]);
  say(`\n${table([title, 'median s', 'ratio', 'peak memory', 'stored'], rows)}`);
};

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
