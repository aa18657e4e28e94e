import { throwIfStopped } from '../../core/stopped.ts';
import { gapKind, readGap } from '../../wal/gaps.ts';
import { openHistory, putHistory } from '../../wal/history.ts';
import { gapKey, historyKey, receptionFolder, systemFolder, type HistoryName } from '../../wal/names.ts';
import { listReceptions, readReception, receptionKind } from '../../wal/receptions.ts';
import { resignRecord } from '../../wal/record.ts';
import type { StoredLog } from '../../wal/stored.ts';
import { noting, oldSigner, removeOld, type LogRekeying } from './log-rekeying.ts';

/** Histories of one timeline: one, or also what a rekey that was killed left. */
const rekeyHistory = async (work: LogRekeying, folder: string, names: readonly HistoryName[]) => {
  const { keys, place, dryRun } = work;
  let isThere = false;
  const old: { readonly name: HistoryName; readonly madeBy: { readonly id: string } | undefined }[] = [];
  let content: Buffer | undefined;
  for (const name of names)
    await noting(work, folder, async () => {
      const { key, plain } = await openHistory(place, name);
      if (key === keys[0]) isThere = true;
      else old.push({ name, madeBy: key });
      content = plain;
    });
  const [first] = old;
  if (first && content && !isThere && !dryRun) await putHistory(place, first.name, content);
  for (const { name, madeBy } of old) await removeOld(work, folder, historyKey(place.target, name), madeBy);
};

export const rekeyHistories = async (work: LogRekeying, { system, histories }: StoredLog): Promise<void> => {
  const folder = systemFolder(work.place.target, system);
  for (const names of Map.groupBy(histories, ({ timeline }) => timeline).values()) {
    throwIfStopped(work.app.run);
    await rekeyHistory(work, folder, names);
  }
};

/** Gaps are signed again in their place. */
export const rekeyGaps = async (work: LogRekeying, { system, gaps }: StoredLog): Promise<void> => {
  const { place, dryRun, tally } = work;
  const folder = `${systemFolder(place.target, system)}gaps/`;
  for (const name of gaps)
    await noting(work, folder, async () => {
      const gap = await readGap(place, name);
      const old = await oldSigner(work, gap);
      if (!old) return;
      if (!dryRun) await resignRecord(place, gapKey(place.target, name), gapKind, gap);
      tally.add(folder, old);
    });
};

/** What receivers wrote down of themselves is signed again in its place; the one that runs writes its own. */
export const rekeyReceptions = async (work: LogRekeying): Promise<void> => {
  const { place, dryRun, tally } = work;
  const folder = receptionFolder(place.target);
  const keys = await listReceptions(place);
  for (const key of keys)
    await noting(work, folder, async () => {
      const reception = await readReception(place, key);
      const old = await oldSigner(work, reception);
      if (!old) return;
      const { host, startedAt, endedAt } = reception;
      if (key === keys.at(-1) && endedAt === undefined) {
        const kept = `the receiver on ${host} seals under it since ${startedAt}: restart it, and run rekey again`;
        return tally.add(folder, old, { kept });
      }
      if (!dryRun) await resignRecord(place, key, receptionKind, reception);
      tally.add(folder, old);
    });
};
