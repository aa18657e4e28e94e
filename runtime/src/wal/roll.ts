import { BackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { writeBase, type Base } from './bases.ts';
import type { OpenedLog } from './reader.ts';
import { longestSilenceMs } from './retention.ts';
import { openLogSource } from './settings.ts';
import { candidatesOf, inputOf, openLog, seek } from './sought.ts';

/** The log goes on from the base to now: else what is rolled is not of the server of today, or stops before a hole. @throws BackupError log.gap, log.unreached */
const assertCurrent = ({ endTime, hole }: OpenedLog, base: Base, now: Date): void => {
  if (hole)
    throw new BackupError(
      'log.gap',
      `${base.key} cannot be rolled over a hole in its log, before which ${endTime.toISOString()} is the newest instant`,
    );
  if (now.getTime() - endTime.getTime() > longestSilenceMs)
    throw new BackupError(
      'log.unreached',
      `${base.key} cannot be rolled: no log of its server was stored since ${endTime.toISOString()}`,
    );
};

/**
 * Makes the next base of the newest one and its log, in a server of this job. @throws BackupError `archive.unknown` without a base,
 * `log.unreached` and `log.gap` where the log brings it no further, `drill.unavailable` without server programs; `archive.*`
 */
export const rollBase = async (app: App, target: Target): Promise<Base> => {
  const sought = seek(app, target, 'latest');
  const { work } = sought;
  if (!work.roll) throw new BackupError('usage.invalid', `bases of ${sought.engine.title} cannot be rolled`);
  const base = mustExist((await candidatesOf(app, sought))[0], 'base');
  const log = await openLog(app, sought, base);
  assertCurrent(log, base, app.run.now());
  const source = await openLogSource(app.run, target);
  const input = await inputOf(app, sought, base, log);
  app.run.log.info({ target: target.name, base: base.key }, 'rolling a base');
  return work.roll(app.run, source, input, (dump, through) =>
    writeBase(app, target, dump, { kind: 'rolled', from: base.manifest.id, through, at: log.endTime }),
  );
};
