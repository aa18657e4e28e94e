import { join } from 'node:path';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { bash, cipher, openArchive, ourBackup, script } from '../harness/contenders.ts';
import { measure, type Contender } from '../harness/measure.ts';
import { race } from '../harness/race.ts';
import type { Report, Suite } from '../harness/suite.ts';
import { makeBed, type Bed } from './bed.ts';

/** The bare RDB, against which all others are measured, ours, and the same by hand. */
const backups = (bed: Bed): readonly Contender[] => {
  const rdb = `redis-cli -h ${bed.redis.host} -p ${bed.redis.port} --rdb -`;
  return [
    { name: 'redis-cli --rdb - > /dev/null', argv: bash(`${rdb} 2> /dev/null`), env: bed.env },
    ourBackup(bed, 'grill-backup backup', 'redis'),
    script(
      bed,
      'redis-cli --rdb | gzip -1 | openssl',
      `${rdb} 2> /dev/null | gzip -1 | ${cipher} -out peer.enc`,
    ),
    script(
      bed,
      'redis-cli --rdb | pigz -1 | openssl',
      `${rdb} 2> /dev/null | pigz -1 | ${cipher} -out peer.enc`,
    ),
  ];
};

/** From our archive; Redis itself reads an RDB only at its start. */
const restores = (bed: Bed): readonly Contender[] => [
  script(
    bed,
    'openssl -d | tar > dump.rdb',
    `${openArchive(join(bed.archives('redis'), 'latest_backup.tar.gz.enc'))} | tar xzO --wildcards '*.rdb*' > dump.rdb`,
  ),
  { name: 'grill-backup restore', argv: ['grill-backup', 'restore', 'redis', '--force'], env: bed.env },
  {
    name: 'grill-backup verify --level deep',
    argv: ['grill-backup', 'verify', 'redis', '--level', 'deep'],
    env: bed.env,
  },
];

const subjectOf = async ({ redis: { cli } }: Bed): Promise<string> => {
  const [, version] = /redis_version:(\S+)/.exec(await cli('INFO', 'server')) ?? [];
  const [, memory] = /used_memory:(\d+)/.exec(await cli('INFO', 'memory')) ?? [];
  return `Redis ${version}, ${await cli('DBSIZE')} keys in ${Math.round(Number(memory) / 2 ** 20)} MiB of memory`;
};

const races = async (bed: Bed, rounds: number): Promise<Report> => {
  const servers = [bed.redis];
  const subject = await subjectOf(bed);
  const contenders = backups(bed);
  const backup = await race({ title: 'backup', contenders, rounds, servers });
  await measure(mustExist(contenders[1], 'our backup')); // the archive that the restores read
  const restore = await race({ title: 'restore', contenders: restores(bed), rounds, servers });
  return { subject, races: [backup, restore] };
};

/** Sessions, dashboards, limits, lists of readings, a set and a sorted set of all users. */
export const redis: Suite = {
  name: 'redis',
  flags: {
    /** Memory in use by the server. */
    megabytes: { type: 'string', default: '500' },
  },
  run: async (rounds, { megabytes }) => {
    const bed = await makeBed(Number(megabytes));
    try {
      return await races(bed, rounds);
    } finally {
      await bed.stop();
    }
  },
};
