import { BackupError, isBackupError } from '../core/errors.ts';
import { newCipher, openWhole, sealWhole, type OpenedWhole } from '../crypto/whole.ts';
import { readSmall } from '../store/size-limits.ts';
import { historyKey, timelineText, type HistoryName } from './names.ts';
import type { LogPlace } from './place.ts';
import { putOnce } from './put-once.ts';
import { readStored } from './stored.ts';

const labelOf = ({ system, timeline }: Pick<HistoryName, 'system' | 'timeline'>): string =>
  ['grill-backup wal history', system, timelineText(timeline)].join('\0');

/** Stores what a timeline came from. */
export const putHistory = async (
  { store, target, keys, randomBytes }: LogPlace,
  of: Pick<HistoryName, 'system' | 'timeline'>,
  content: Buffer,
): Promise<void> => {
  const [key] = keys ?? [];
  const cipher = key && (await newCipher(key, randomBytes));
  const { parts, mac } = await sealWhole([content], labelOf(of), key, cipher);
  const name = { ...of, mac, encrypted: keys !== undefined };
  await putOnce(store, historyKey(target, name), parts);
};

/** A stored history, and the key that made it. @throws BackupError archive.damaged, store.* */
export const openHistory = async (
  { store, target, keys }: LogPlace,
  name: HistoryName,
): Promise<OpenedWhole> => {
  const key = historyKey(target, name);
  const bytes = await readSmall(store, key, 'walRecord');
  const opened =
    name.encrypted === (keys !== undefined)
      ? await openWhole(bytes, labelOf(name), name.mac, keys)
      : undefined;
  if (!opened)
    throw new BackupError('archive.damaged', `history ${key} was altered, or no key of the plan made it`);
  return opened;
};

/** The history of a timeline; a rekey may replace what was just listed. @throws as `openHistory` */
export const readHistory = async (place: LogPlace, name: HistoryName): Promise<Buffer> => {
  try {
    return (await openHistory(place, name)).plain;
  } catch (error) {
    if (!isBackupError(error, 'store.missing')) throw error;
    const { histories } = await readStored(place, name.system);
    const again = histories.find(({ timeline }) => timeline === name.timeline);
    if (!again) throw error;
    return (await openHistory(place, again)).plain;
  }
};
