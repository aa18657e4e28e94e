import { race } from '../harness/race.ts';
import type { Report, Suite } from '../harness/suite.ts';
import { backlogs } from './backlog.ts';
import { bases } from './bases.ts';
import { database } from '../postgresql/bed.ts';
import { makeBed, type Bed } from './bed.ts';
import { instants } from './instants.ts';
import { latencies } from './latency.ts';
import { loads } from './load.ts';
import { dropSlots } from './receivers.ts';

const subjectOf = async ({ postgresql: { psql } }: Bed, log: number): Promise<string> => {
  const version = await psql('postgres', 'show server_version');
  const size = await psql(database, `select pg_size_pretty(pg_database_size('${database}'))`);
  return `PostgreSQL ${version.split(' ')[0]}, database of ${size}, ${log} MB of log`;
};

const races = async (bed: Bed, rounds: number, log: number, seconds: number): Promise<Report['races']> => {
  const servers = [bed.observed];
  const backlog = await race({ title: 'backlog', contenders: await backlogs(bed, log), rounds, servers });
  await dropSlots(bed);
  const { contenders, settle } = loads(bed);
  const load = await race({ title: 'load', contenders, rounds, servers });
  await settle();
  const latency = await latencies(bed, seconds);
  const base = await race({ title: 'base', contenders: await bases(bed), rounds, servers });
  const instant = await race({ title: 'instant', contenders: await instants(bed, log / 4), rounds });
  return [backlog, load, latency, base, instant];
};

/** The log and bases of PostgreSQL: readings of the demo, updated all over, with the first images of their pages. */
export const wal: Suite = {
  name: 'wal',
  flags: {
    /** Size of the database. */
    megabytes: { type: 'string', default: '500' },
    /** Size of the backlog, and four times the log of a restore. */
    log: { type: 'string', default: '1000' },
    /** For how long commits are followed, at each interval. */
    seconds: { type: 'string', default: '60' },
  },
  run: async (rounds, { megabytes, log, seconds }) => {
    const bed = await makeBed(Number(megabytes));
    try {
      const subject = await subjectOf(bed, Number(log));
      return { subject, races: await races(bed, rounds, Number(log), Number(seconds)) };
    } finally {
      await bed.stop();
    }
  },
};
