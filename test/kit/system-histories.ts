import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { archiveOf, isManifest } from '../../runtime/src/archives/layout.ts';
import { baseFolder } from '../../runtime/src/wal/base-manifest.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { listed } from '../../runtime/src/store/listed.ts';
import { history, type History } from './histories.ts';
import { simulateBase, simulatePiece, simulatePromotion } from './simulated-log.ts';
import { simulateBackup, simulateVerification } from './simulated-runs.ts';

/** A stretch of the log of target `postgresql`. */
interface Stretch {
  /** Until the next one. */
  readonly minutes: number;
  /** False for a gap. */
  readonly stored: boolean;
  /** Whether a base begins with it. */
  readonly base: boolean;
}

/** What happened to a target with a log. */
interface LogHistory {
  /** Of the last stretch, before the first look. */
  readonly endedMinutesAgo: number;
  readonly stretches: readonly Stretch[];
  /** Whether a second server took over after the last stretch. */
  readonly promoted: boolean;
  /** Whether a base is there whose manifest cannot be read. */
  readonly broken: boolean;
  /** Days before the first look. */
  readonly backups: readonly number[];
  /** Of the newest backup. @default none */
  readonly drill?:
    | { readonly ok: boolean; readonly seconds: number; readonly instantSeconds?: number | undefined }
    | undefined;
}

/** What happened to a system of two targets and a replica. */
export interface SystemHistory {
  /** Of target `redis`. */
  readonly plain: History;
  readonly log: LogHistory;
  /** Of the archives of the primary store, in the order of their names, those that the replica has. Repeats. */
  readonly copied: readonly boolean[];
}

const stretch = fc.record({
  minutes: fc.integer({ min: 1, max: 600 }),
  stored: fc.integer({ min: 0, max: 4 }).map((chance) => chance > 0),
  base: fc.integer({ min: 0, max: 2 }).map((chance) => chance === 0),
});

const drill = fc.record({
  ok: fc.boolean(),
  seconds: fc.integer({ min: 1, max: 9000 }),
  instantSeconds: fc.option(fc.integer({ min: 1, max: 9000 }), { nil: undefined }),
});

const log = fc.record({
  endedMinutesAgo: fc.integer({ min: 0, max: 3000 }),
  stretches: fc.array(stretch, { maxLength: 7 }),
  promoted: fc.boolean(),
  broken: fc.boolean(),
  backups: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
  drill: fc.option(drill, { nil: undefined }),
});

export const systemHistory: fc.Arbitrary<SystemHistory> = fc.record({
  plain: history,
  log,
  copied: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
});

const name = 'postgresql';
const stretchBytes = 1000n;
const minuteMs = 60_000;

/** Leaves the archives, bases and pieces of target `postgresql`. @param begin the first look */
export const enactLog = async (app: App, history: LogHistory, begin: Date): Promise<void> => {
  const { stretches, endedMinutesAgo, promoted, broken, backups } = history;
  const minutes = stretches.reduce((sum, each) => sum + each.minutes, endedMinutesAgo);
  let time = begin.getTime() - minutes * minuteMs;
  let from = stretchBytes;
  for (const { base, stored, minutes: lasting } of stretches) {
    const to = from + stretchBytes;
    if (base) await simulateBase(app, name, new Date(time), { start: from, end: from + stretchBytes / 5n });
    time += lasting * minuteMs;
    if (stored) await simulatePiece(app, name, { from, to, at: new Date(time) });
    from = to;
  }
  if (promoted) await simulatePromotion(app, name, from);
  for (const days of backups.toSorted((a, b) => b - a))
    await simulateBackup(app, name, { at: new Date(begin.getTime() - days * 1440 * minuteMs) });
  if (backups.length > 0 && history.drill) await enactDrill(app, history.drill, begin);
  if (broken) await leaveBrokenBase(app);
};

const enactDrill = (app: App, { ok, ...figures }: NonNullable<LogHistory['drill']>, begin: Date) =>
  simulateVerification(app, name, {
    at: new Date(begin.getTime() - 600 * minuteMs),
    level: 'drill',
    ...figures,
    ...(!ok && { failure: 'verification.failed' }),
  });

const put = async (root: string, key: string, text: string): Promise<void> => {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), text);
};

const leaveBrokenBase = ({ stores: { primary } }: App): Promise<void> =>
  put(primary.location, `${baseFolder(name)}/20240101T000000Z.tar.gz.enc.manifest.json`, '{');

/** Copies archives of directory stores as a backup copies them: the file, then its manifest. */
export const copySome = async (
  {
    stores: {
      primary,
      replicas: [replica],
    },
  }: App,
  copied: readonly boolean[],
): Promise<void> => {
  const keys: string[] = [];
  for (const target of ['redis', name])
    for (const { key } of await listed(primary, `${target}/`)) if (isManifest(key)) keys.push(key);
  const chosen = keys.toSorted().filter((_, index) => copied[index % copied.length]);
  for (const manifest of chosen)
    for (const key of [archiveOf(manifest), manifest])
      await cp(join(primary.location, key), join(replica!.location, key), { recursive: true });
};
