import { readlink, open } from 'node:fs/promises';
import { join } from 'node:path';
import { backup } from '../../runtime/src/commands/backup/backup.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { nextRun } from '../../runtime/src/plan/cron.ts';
import type { Installation } from './installation.ts';
import type { Platform } from './platform.ts';

const hourMs = 3_600_000;

/** Something that happens at a time; `cronJob` names the CronJob whose Job it is. */
export interface Happening {
  readonly at: number;
  readonly cronJob?: string;
  /** Resolves to what went wrong, if anything. */
  readonly run: () => Promise<string | undefined>;
}

/** A run that fails is part of the story; what is no failure of a run is a defect of this script. */
const problemOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!isBackupError(error)) throw error;
    return error.message;
  }
};

const backUp =
  ({ app }: Installation, target: string) =>
  () =>
    problemOf(backup(app, target));

const check =
  ({ app }: Installation, level: 'deep' | 'drill') =>
  async () =>
    (await verify(app, { level, last: 1 })).results.find(({ ok }) => !ok)?.problem?.message;

const occurrences = (schedule: string, from: number, to: number): readonly number[] => {
  const at = nextRun(schedule, new Date(from))?.getTime();
  return at === undefined || at > to ? [] : [at, ...occurrences(schedule, at, to)];
};

/** What the CronJobs do between two times. */
const scheduled = (installation: Installation, from: number, to: number): readonly Happening[] => {
  const { targets, verification, drill } = installation.app.plan;
  const each = (cronJob: string, schedule: string, run: Happening['run']) =>
    occurrences(schedule, from, to).map((at) => ({ at, cronJob, run }));
  return [
    ...targets.flatMap(({ name, schedule }) => each(cronJobName(name), schedule, backUp(installation, name))),
    ...each(names.verification, verification.schedule, check(installation, 'deep')),
    ...each(names.drill, drill.schedule, check(installation, 'drill')),
  ];
};

/** Flips a byte in the middle of a target's newest archive; again, and it is as it was. */
const flip = async ({ backup: folder }: Installation, target: string): Promise<void> => {
  const latest = await readlink(join(folder, target, 'latest_backup.tar.gz.enc'));
  const file = await open(join(folder, target, latest), 'r+');
  try {
    const middle = Math.floor((await file.stat()).size / 2);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
    await file.write(Buffer.from([buffer.readUInt8() ^ 1]), 0, 1, middle);
  } finally {
    await file.close();
  }
};

/** What goes wrong, and how on-call mends it; days count from the first midnight. */
const troubles = (installation: Installation, platform: Platform, midnight: number): readonly Happening[] => {
  const at = (day: number, hour: number, run: () => Promise<unknown>): Happening => ({
    at: midnight + day * dayMs + hour * hourMs,
    run: () => run().then(() => undefined),
  });
  const mend = (day: number, hour: number, cronJob: string, run: Happening['run']): Happening => ({
    ...at(day, hour, run),
    cronJob,
    run,
  });
  const account = mustExist(installation.secrets['postgresql-secret'], 'postgresql-secret');
  const rotated = `${account['password']}-rotated`;
  return [
    // a password that was rotated without telling: one night's backup fails
    at(5, 0, () => platform.rotatePassword(rotated)),
    at(5, 9, async () => {
      account['password'] = rotated;
    }),
    mend(5, 9.25, cronJobName('postgresql'), backUp(installation, 'postgresql')),
    // a byte of an archive rots on the disk: verification fails until the copy of S3 is put in its place
    at(8, 4.5, () => flip(installation, 'influxdb')),
    at(8, 10, () => flip(installation, 'influxdb')),
    mend(8, 10.25, names.verification, check(installation, 'deep')),
    // a cache is emptied: the backups since are unusual
    at(12, 1, () => platform.loseSessions()),
  ];
};

/** All that happens between two times, in order. */
export const storyOf = (
  installation: Installation,
  platform: Platform,
  from: number,
  to: number,
): readonly Happening[] => {
  const midnight = Math.ceil(from / dayMs) * dayMs;
  const growth = Array.from({ length: Math.ceil((to - midnight) / dayMs) }, (_, day) => ({
    at: midnight + day * dayMs,
    run: () => platform.grow(day).then(() => undefined),
  }));
  const all = [
    ...growth,
    ...scheduled(installation, from, to),
    ...troubles(installation, platform, midnight),
  ];
  return all.filter(({ at }) => at >= from && at < to).toSorted((a, b) => a.at - b.at);
};
