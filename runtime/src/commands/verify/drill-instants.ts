import { BackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { Source } from '../../engines/engine.ts';
import { logStateReader } from '../../health/log-state.ts';
import type { Target } from '../../plan/schema.ts';
import { engineOf, openSource, type App } from '../../session/app.ts';
import type { Base } from '../../wal/bases.ts';
import type { Instants } from '../../wal/instants.ts';
import { recoverInstant } from '../../wal/recovered.ts';
import { candidatesOf, seek } from '../../wal/sought.ts';
import { drillAgreement } from './drill-agreement.ts';
import { problemOf, tried } from './tried.ts';
import { againstRto } from './verify-archive.ts';
import type { Verified } from './result.ts';

/** Where the account's Secret is missing, as in the cluster, a recovery does without: it asks its own server. */
const sourceLike = (app: App, target: Target): Promise<Source> =>
  openSource(app.run, target).catch(() => ({
    name: target.name,
    connection: target.connection,
    credentials: {},
  }));

const randomBits = 48;

/** A fraction below 1, from the randomness of the run. */
const fraction = ({ run }: App): number =>
  run.randomBytes(randomBits / 8).readUIntBE(0, randomBits / 8) / 2 ** randomBits;

const lengthOf = ({ from, to }: Instants): number => Date.parse(to) - Date.parse(from);

/** The instant at a fraction of all that can be restored. Pure. @param windows one at least */
export const instantAt = (windows: readonly Instants[], share: number): Date => {
  let rest = share * windows.reduce((sum, window) => sum + lengthOf(window), 0);
  for (const window of windows) {
    if (rest <= lengthOf(window)) return new Date(Date.parse(window.from) + Math.floor(rest));
    rest -= lengthOf(window);
  }
  return new Date(mustExist(windows.at(-1), 'window').to);
};

/** @throws BackupError log.unreached where none can be restored, as whatever the log state says is wrong with it */
const windowsOf = async (app: App, target: Target): Promise<readonly Instants[]> => {
  const { log, logProblem } = await logStateReader(app)(target, app.run.now());
  if (logProblem) throw logProblem;
  const windows = log?.windows ?? [];
  if (windows.length === 0)
    throw new BackupError(
      'log.unreached',
      `no instant of ${target.name} can be restored: ${log?.bases ? 'the log does not reach any base' : 'it has no base yet'}`,
    );
  return windows;
};

interface Drilled {
  readonly base: Base;
  readonly seconds: number;
}

/** Recovers an instant, counts it, and reads all of it as a restore would. */
const recoverAndRead = async (app: App, target: Target, time: Date): Promise<Drilled> => {
  const begun = performance.now();
  const sought = seek(app, target, { time });
  const candidates = await candidatesOf(app, sought);
  const { data, close } = await recoverInstant(app, sought, await sourceLike(app, target), candidates);
  try {
    for await (const { content } of data.open(`drill ${target.name}`)) for await (const _ of content);
    const seconds = (performance.now() - begun) / 1000;
    return { base: mustExist(candidates[0], 'base'), seconds };
  } finally {
    await close();
  }
};

const ofBase = ({ store, key, manifest }: Base): Partial<Verified> => ({
  store: store.location,
  archive: key,
  startedAt: manifest.startedAt,
  archiveBytes: manifest.archiveBytes,
});

/** One random instant of all that can be restored. */
const drillRandom = async (app: App, target: Target): Promise<Partial<Verified>> => {
  const time = instantAt(await windowsOf(app, target), fraction(app));
  app.run.log.info({ target: target.name, instant: time.toISOString() }, 'recovering a random instant');
  const instant = { at: time.toISOString() };
  try {
    const { base, seconds } = await recoverAndRead(app, target, time);
    return { ...ofBase(base), instant, restore: againstRto(seconds, target) };
  } catch (error) {
    if (app.run.signal.aborted) throw error;
    return { instant, ok: false, problem: problemOf(error) };
  }
};

/**
 * Proves that instants of a target can be restored: recovers a random one, and that of an archive, which has to be that archive's
 * data. Adds each outcome to `found` as it is known.
 */
export const drillInstants = async (app: App, target: Target, found: Verified[]): Promise<void> => {
  const { bases, agreement } = engineOf(target);
  if (!target.pointInTime || !bases) return;
  const about = {
    target: target.name,
    store: app.stores.primary.location,
    archive: '',
    level: 'drill',
  } as const;
  found.push(await tried(app, { ...about, tier: 'instant' }, () => drillRandom(app, target)));
  if (!agreement) return;
  const source = await sourceLike(app, target);
  found.push(
    await tried(app, { ...about, tier: 'agreement' }, () => drillAgreement(app, target, agreement, source)),
  );
};
