import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bash, sizeBelow } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { race, type RaceResult } from '../harness/race.ts';
import type { Suite } from '../harness/suite.ts';
import { peerSettings } from '../postgresql/backups.ts';
import { database, makeBed, type Bed } from '../postgresql/bed.ts';

/** What happens before each night, in their order. The rows of a table lie in the order of their numbers. */
const nights: Readonly<Record<string, string>> = {
  'night 1: all': '',
  'nothing changed': '',
  '1 % appended': `INSERT INTO temperature_readings (device_id, probe, celsius, battery, read_at)
    SELECT device_id, probe, celsius, battery, read_at + interval '1 year' FROM temperature_readings WHERE id % 100 = 1`,
  '1 % changed in one place': `UPDATE temperature_readings SET battery = battery + 1
    WHERE id < (SELECT max(id) / 100 FROM temperature_readings)`,
  '1 % changed all over': 'UPDATE temperature_readings SET battery = battery + 2 WHERE id % 100 = 2',
};

/** A contender whose store keeps what earlier nights left; what it grew by is what was stored. */
const growing = (contender: Contender, size: () => number): Contender => {
  let before = 0;
  return {
    ...contender,
    before: () => {
      before = size();
    },
    bytes: () => size() - before,
  };
};

const ours = ({ archives, folder, env }: Bed, name: string, target: string): Contender => {
  // weekly and monthly archives, in folders of their own, are the same bytes
  const [own, parts] = [archives(target), join(folder, 'backup/parts', target)];
  for (const path of [own, parts]) mkdirSync(path, { recursive: true });
  return growing(
    { name, argv: ['grill-backup', 'backup', target], env },
    () => sizeBelow(own, false) + sizeBelow(parts),
  );
};

const peer = (bed: Bed, name: string, text: string): Contender => {
  const folder = join(bed.folder, name.split(' ')[0] ?? name);
  mkdirSync(folder);
  const env = { ...bed.env, ...peerSettings(folder, bed.env) };
  return growing({ name, argv: bash(`cd ${folder}; ${text}`), env }, () => sizeBelow(folder));
};

const contenders = (bed: Bed): readonly Contender[] => [
  ours(bed, 'grill-backup backup', 'postgresql'),
  ours(bed, '  parts: true', 'parted'),
  peer(
    bed,
    'restic of pg_dump -Z0',
    `[ -d restic ] || restic init -q; pg_dump -Fc -Z0 ${database} | restic backup -q --stdin`,
  ),
  peer(
    bed,
    'pgbackrest, full, then --type=incr',
    `PGBACKREST_PG1_PATH=$(psql -Atc 'show data_directory' postgres); export PGBACKREST_PG1_PATH;
     PGBACKREST_PG1_SOCKET_PATH=$(psql -Atc 'show unix_socket_directories' postgres); export PGBACKREST_PG1_SOCKET_PATH;
     [ -d pgbackrest ] || pgbackrest --no-online stanza-create; pgbackrest --type=incr backup`,
  ),
];

/** Nights of the demo's PostgreSQL after changes, one run each: what each stores in the end is what counts. */
export const nightly: Suite = {
  name: 'nights',
  flags: {
    /** Size of the database. */
    megabytes: { type: 'string', default: '1000' },
  },
  run: async (_rounds, { megabytes }) => {
    const bed = await makeBed(Number(megabytes));
    try {
      const all = contenders(bed);
      const races: RaceResult[] = [];
      for (const [title, change] of Object.entries(nights)) {
        await bed.postgresql.psql(database, `${change}; CHECKPOINT`);
        races.push(await race({ title, contenders: all, rounds: 1, servers: [bed.observed] }));
      }
      const size = await bed.postgresql.psql(
        database,
        `select pg_size_pretty(pg_database_size('${database}'))`,
      );
      return { subject: `PostgreSQL, database of ${size} in the end`, races };
    } finally {
      await bed.stop();
    }
  },
};
