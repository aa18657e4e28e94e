import { ourBackup } from '../harness/contenders.ts';
import { measure } from '../harness/measure.ts';
import { race } from '../harness/race.ts';
import type { Report, Suite } from '../harness/suite.ts';
import { makeBed, type Bed, type Shape } from './bed.ts';

const races = async (bed: Bed, rounds: number): Promise<Report['races']> => {
  const servers = [bed.server];
  const [bare, ...peers] = await bed.server.peers(bed);
  if (bare === undefined) throw new Error('nothing to race against');
  await measure(bare); // the first backup after a write makes the server write its cache to disk
  const contenders = [bare, ourBackup(bed, 'grill-backup backup', 'influxdb'), ...peers];
  const backup = await race({ title: 'backup', contenders, rounds, servers });
  const verify = {
    name: 'grill-backup verify --level deep',
    argv: ['grill-backup', 'verify', 'influxdb', '--level', 'deep'],
    env: bed.env,
  };
  await measure(contenders[1] ?? bare); // the archive that is verified
  return [backup, await race({ title: 'verify', contenders: [verify], rounds, servers })];
};

const textOf = ({ series, points, text }: Shape): string =>
  `${series} series of ${points} points with two fields${text > 0 ? ` and ${text} bytes of text` : ''}`;

/** Readings of one measurement over 30 days, of InfluxDB 1.x, or of 2.x where INFLUXD2 names it. */
export const influxdb: Suite = {
  name: 'influxdb',
  flags: {
    /** Combinations of tags. */
    series: { type: 'string', default: '24000' },
    /** Of each series. */
    points: { type: 'string', default: '100' },
    /** Bytes of random text in each point. */
    text: { type: 'string', default: '0' },
  },
  run: async (rounds, { series, points, text }) => {
    const shape = { series: Number(series), points: Number(points), text: Number(text) };
    const bed = await makeBed(shape);
    try {
      return { subject: `InfluxDB ${bed.server.version}, ${textOf(shape)}`, races: await races(bed, rounds) };
    } finally {
      await bed.stop();
    }
  },
};
