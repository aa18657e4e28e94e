import { BackupError } from '../../core/errors.ts';
import type { Fingerprint, RestoreScope } from '../engine.ts';

/** Why a restore of InfluxDB cannot be done so; undefined where it can. */
export const refusal = ({ only, into, merge }: RestoreScope): string | undefined => {
  if (merge) return 'influxdb does not support --merge; --only replaces single buckets or databases';
  if (into !== undefined && only?.length !== 1)
    return 'influxdb restores one bucket or database under a new name; name it with --only';
  if (into?.startsWith('_')) return `influxdb reserves names such as ${into}`;
  return undefined;
};

const quoted = (items: readonly string[]): string => items.join(', ') || 'nothing';

/** The one item that a part means: `exact`, or else `loose`, which may be of several. @throws BackupError restore.refused */
const resolve = <Item>(
  part: string,
  all: readonly Item[],
  nameOf: (item: Item) => string,
  isLoose: (item: Item) => boolean,
): Item => {
  const exact = all.find((item) => nameOf(item) === part);
  const [found = exact, ...others] = exact === undefined ? all.filter(isLoose) : [];
  if (found === undefined)
    throw new BackupError(
      'restore.refused',
      `the archive holds no ${part}, but ${quoted(all.map(nameOf).toSorted())}`,
    );
  if (others.length > 0)
    throw new BackupError(
      'restore.refused',
      `the archive holds several ${part}; name one of ${quoted([found, ...others].map(nameOf).toSorted())}`,
    );
  return found;
};

/** Items of the archive that `only` names, each once; all of them without it. @throws BackupError restore.refused */
export const choose = <Item>(
  all: readonly Item[],
  { only }: RestoreScope,
  nameOf: (item: Item) => string,
  isLoose: (item: Item, part: string) => boolean = () => false,
): readonly Item[] =>
  only === undefined
    ? all
    : [...new Set(only.map((part) => resolve(part, all, nameOf, (item) => isLoose(item, part))))];

/** What is expected of the items that are restored. */
export const expectedOf = (expected: Fingerprint, isWanted: (item: string) => boolean): Fingerprint =>
  Object.fromEntries(Object.entries(expected).filter(([item]) => isWanted(item)));
