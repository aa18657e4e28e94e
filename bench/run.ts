import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../runtime/src/commands/table.ts';
import { database, makeBed, type Bed } from './bed.ts';
import { measure, type Contender, type Measured } from './measure.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    /** Leaves out the slow peers. */
    quick: { type: 'boolean', default: false },
  },
});

const cipher = 'openssl enc -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -salt -pass env:PASSPHRASE';

const archiveBytes = (folder: string) => (): number =>
  Math.max(
    ...readdirSync(folder)
      .filter((name) => name.endsWith('.enc'))
      .map((name) => statSync(join(folder, name)).size),
  );

const contenders = ({ folder, env }: Bed, quick: boolean): readonly Contender[] => {
  const shell = (name: string, script: string): Contender => ({
    name,
    argv: ['sh', '-c', `set -e; cd ${folder}; ${script}`],
    env,
    bytes: () => statSync(join(folder, 'peer.enc')).size,
  });
  return [
    { name: 'pg_dump -Fc -Z0 >/dev/null', argv: ['pg_dump', '-Fc', '-Z0', database], env },
    {
      name: 'grill-backup backup',
      argv: ['grill-backup', 'backup', 'postgresql'],
      env,
      bytes: archiveBytes(join(folder, 'backup/postgresql')),
    },
    shell('pg_dump | gzip -1 | openssl', `pg_dump -Fc -Z0 ${database} | gzip -1 | ${cipher} -out peer.enc`),
    shell('pg_dump | pigz -1 | openssl', `pg_dump -Fc -Z0 ${database} | pigz -1 | ${cipher} -out peer.enc`),
    ...(quick
      ? []
      : [
          shell(
            'the seed: -Z9, tar czf, openssl',
            `pg_dump -Fc -Z9 -f seed.dump ${database}; tar czf seed.tar.gz seed.dump; ${cipher} -in seed.tar.gz -out peer.enc; rm seed.*`,
          ),
        ]),
  ];
};

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const clear = (folder: string): void =>
  rmSync(join(folder, 'backup/postgresql'), { recursive: true, force: true });

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / (1 << 20)).toFixed(0)} MiB`;

const bed = await makeBed(Number(values.megabytes));
say(
  `${await bed.postgresql.psql(database, `select pg_size_pretty(pg_database_size('${database}'))`)} of database\n`,
);
try {
  const all = contenders(bed, values.quick);
  const results = new Map<string, Measured[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of all) {
      clear(bed.folder);
      results.get(contender.name)!.push(await measure(contender));
    }
  const seconds = (name: string): number => median(results.get(name)!.map((result) => result.seconds));
  const base = seconds(all[0]!.name);
  const rows = [...results].map(([name, runs]) => [
    name,
    seconds(name).toFixed(1),
    (seconds(name) / base).toFixed(2),
    mebibytes(Math.max(...runs.map(({ peakBytes }) => peakBytes))),
    mebibytes(runs[0]!.bytes),
  ]);
  say(table(['backup', 'median s', 'ratio', 'peak memory', 'archive'], rows));
} finally {
  await bed.stop();
}
