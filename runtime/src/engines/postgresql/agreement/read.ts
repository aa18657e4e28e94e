import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Entries } from '../../../core/entries.ts';
import type { DumpedInstant } from '../../engine-agreement.ts';
import type { Fingerprint } from '../../fingerprint.ts';
import { fingerprintOf } from '../counting.ts';
import { entryNames, readEntries } from '../entries.ts';
import { largeObjects, tableOf } from '../items.ts';
import { parsePosition } from '../replication/positions.ts';
import type { DatabaseSettings } from '../settings.ts';
import { StreamCount } from '../stream-count.ts';
import type { DumpInstant } from './instant.ts';

/** Numbers alone: of a dump whose form is not known, content cannot be hashed. */
const numbersOf = (expected: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(expected).map(([item, { rows, objects }]) => [
      item,
      { ...(rows !== undefined && { rows }), ...(objects !== undefined && { objects }) },
    ]),
  );

const countedOf = (
  passed: StreamCount,
  expected: Fingerprint,
  { encoding }: DatabaseSettings,
): Fingerprint =>
  passed.isUnknown
    ? numbersOf(expected)
    : fingerprintOf(passed, {
        tables: Object.keys(expected)
          .filter((item) => item !== largeObjects)
          .map(tableOf),
        encoding,
        rowTypes: new Map(),
      });

/** Reads what an archive holds, hashed as it passes, and the instant that it is of. @throws BackupError archive.damaged */
export const read = async (
  _run: RunContext,
  entries: Entries,
  expected: Fingerprint,
): Promise<DumpedInstant> => {
  const archived: { settings?: DatabaseSettings; instant?: DumpInstant } = {};
  const passed = new StreamCount(true);
  await readEntries(entries, {
    begin: async (settings) => {
      archived.settings = settings;
    },
    dump: async (content) => {
      for await (const chunk of content) if (!passed.isUnknown) passed.push(chunk);
    },
    instant: (instant) => {
      archived.instant = instant;
    },
  });
  const { instant } = archived;
  if (!instant) throw new BackupError('archive.damaged', `the archive lacks ${entryNames.instant}`);
  return {
    system: instant.system,
    timeline: instant.timeline,
    position: mustExist(parsePosition(instant.position), 'position of the instant'),
    seen: instant.snapshot,
    counted: countedOf(passed, expected, mustExist(archived.settings, 'settings in the archive')),
  };
};
