import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from '../harness/measure.ts';
import { race } from '../harness/race.ts';
import type { Suite } from '../harness/suite.ts';
import { makeBed, type Bed } from './bed.ts';
import { targetName } from './generate.ts';

const asked = targetName(1);

const looks = ({ env }: Bed): readonly Contender[] =>
  [['status'], ['list', asked], ['prune', '--dry-run', asked]].map((args) => ({
    name: `grill-backup ${args.join(' ')}`,
    argv: ['grill-backup', ...args],
    env,
  }));

/** The flags are those of the program's first line. */
const exporter = ({ env, folder }: Bed): Contender => {
  const file = join(folder, 'seconds');
  const flags = ['--max-semi-space-size=1', '--initial-old-space-size=128'];
  return {
    name: 'two readings of the exporter',
    argv: ['node', ...flags, join(import.meta.dirname, 'refresh.ts'), file],
    env,
    figures: () => ({ 'second reading s': Math.round(100 * Number(readFileSync(file, 'utf8'))) / 100 }),
  };
};

/** Every manifest and record is read, or an index knows all of them but the newest. */
export const catalogue: Suite = {
  name: 'catalogue',
  flags: {
    targets: { type: 'string', default: '100' },
    /** Of each target. */
    archives: { type: 'string', default: '100' },
    /** Records of runs of each target; the program keeps 100. */
    runs: { type: 'string', default: '100' },
  },
  run: async (rounds, { targets, archives, runs }) => {
    const size = { targets: Number(targets), archives: Number(archives), runs: Number(runs) };
    const bed = await makeBed(size);
    try {
      const contenders = [...looks(bed), exporter(bed)];
      const without = await race({ title: 'without an index', contenders, rounds });
      await bed.index();
      const within = await race({ title: 'with the index', contenders, rounds });
      const subject = `${targets} targets with ${archives} archives and ${runs} records of runs each, on disk`;
      return { subject, races: [without, within] };
    } finally {
      await bed.stop();
    }
  },
};
