import { BackupError } from '../core/errors.ts';
import { newCipher, openWhole, sealWhole } from '../crypto/whole.ts';
import { readSmall } from '../store/size-limits.ts';
import { historyKey, timelineText, type HistoryName } from './names.ts';
import type { LogPlace } from './place.ts';
import { putOnce } from './put-once.ts';

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

/** @throws BackupError archive.damaged, store.* */
export const readHistory = async ({ store, target, keys }: LogPlace, name: HistoryName): Promise<Buffer> => {
  const key = historyKey(target, name);
  const bytes = await readSmall(store, key, 'walRecord');
  const content =
    name.encrypted === (keys !== undefined)
      ? await openWhole(bytes, labelOf(name), name.mac, keys)
      : undefined;
  if (!content)
    throw new BackupError('archive.damaged', `history ${key} was altered, or no key of the plan made it`);
  return content;
};
