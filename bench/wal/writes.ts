import type { Bed } from './bed.ts';

/** Some 20 to 40 MB of log: updates all over the readings, with the first images of their pages, and new ones. */
export const someWrites = `update temperature_readings set battery = random() where id % 29 = (random() * 28)::int;
insert into temperature_readings (device_id, probe, celsius, battery, read_at)
  select 1 + i % 500, 'pit', 60 + 50 * random(), random(), now() from generate_series(1, 50000) i;
checkpoint`;

/** Writes until there is that much log after a position. */
export const writeLog = async ({ sql }: Bed, megabytes: number, after: string): Promise<void> => {
  const enough = `select pg_current_wal_lsn() - '${after}' > ${megabytes}::bigint << 20`;
  while ((await sql(enough)) !== 't') await sql(someWrites);
};

/** End of the log that is written out. */
export const position = ({ sql }: Bed): Promise<string> => sql('select pg_current_wal_flush_lsn()');
