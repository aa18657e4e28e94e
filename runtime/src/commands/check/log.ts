import { isOfObject } from '../../archives/catalogue.ts';
import type { LogWork } from '../../engines/engine-log.ts';
import type { Target } from '../../plan/schema.ts';
import { allStores, engineOf, type App } from '../../session/app.ts';
import type { Store } from '../../store/store.ts';
import { factsOf } from '../../wal/base-manifest.ts';
import { readBases } from '../../wal/bases.ts';
import { indexProblems, readIndexed } from '../../wal/index-problems.ts';
import { readSystems } from '../../wal/log-lines.ts';
import { isLogKey, systemFolder, timelineFolder, walFolder, type PieceName } from '../../wal/names.ts';
import { placeOf, type LogPlace } from '../../wal/place.ts';
import { listReceptions, readReception } from '../../wal/receptions.ts';
import { largest, type SystemLog } from '../../wal/retention.ts';
import type { Finding, Found } from './finding.ts';
import { holeFindings } from './log-holes.ts';
import { slotLeft } from './slot.ts';

const newestAt = (pieces: readonly PieceName[]): number => largest(pieces.map(({ time }) => time));

/** The server that was written last is that of today. */
const isOld = ({ pieces }: SystemLog, all: readonly SystemLog[]): boolean =>
  newestAt(pieces) < largest(all.map((each) => newestAt(each.pieces)));

/** Log of a server that was there before: it is of use until the window has passed it. */
const oldSystem = ({ target }: LogPlace, { system, pieces }: SystemLog): Found => ({
  kind: 'log-of-other-system',
  key: systemFolder(target, system),
  message: `${pieces.length} objects of another server, whose log ended at ${new Date(newestAt(pieces)).toISOString()}; they go with retention`,
  severity: 'notice',
});

/** A timeline that nothing leads to: what came before it is not found from it. */
const withoutHistory = ({ target }: LogPlace, { system, lines, pieces }: SystemLog): readonly Found[] =>
  [...new Set(pieces.map(({ timeline }) => timeline))]
    .filter((timeline) => !lines.has(timeline))
    .map((timeline) => ({
      kind: 'log-history-missing',
      key: timelineFolder(target, system, timeline),
      message: `what timeline ${timeline} came from is not stored, or fails authentication: bring its .history back, or take a base, grill-backup base ${target}`,
      severity: 'problem',
    }));

const indexFindings = async (place: LogPlace, { system, pieces }: SystemLog): Promise<readonly Found[]> => {
  const stored = await readIndexed(place, system);
  const way = `the log itself is read by its names: verify --level deep proves it; the index goes with retention, and a version of the bucket may bring it back`;
  const found: Found[] = [];
  for (const timeline of new Set(pieces.map((piece) => piece.timeline)))
    for (const { key, message } of await indexProblems(place, stored, timeline, 0n))
      found.push({ kind: 'log-index-broken', key, message: `${message}; ${way}`, severity: 'problem' });
  return found;
};

/** What lies in the folder of the log and is no part of one. */
const foreign = async (store: Store, target: string): Promise<readonly Found[]> => {
  const found: Found[] = [];
  for await (const objects of store.list(walFolder(target)))
    for (const { key } of objects)
      if (!isLogKey(target, key))
        found.push({
          kind: 'log-foreign',
          key,
          message: 'not the name of anything that a receiver stores: nobody reads it; remove it',
          severity: 'notice',
        });
  return found;
};

const receptions = async (place: LogPlace): Promise<readonly Found[]> => {
  const found: Found[] = [];
  for (const key of await listReceptions(place))
    await readReception(place, key).catch((error: unknown) => {
      if (!isOfObject(error)) throw error;
      const message = `${error.message}: what it says of a receiver counts nowhere; remove it`;
      found.push({ kind: 'log-record-broken', key, message, severity: 'notice' });
    });
  return found;
};

/** Nothing says how long it is kept, so a person has to. */
const unplanned = ({ target }: LogPlace, systems: readonly SystemLog[]): readonly Found[] =>
  systems.map(({ system, pieces }) => ({
    kind: 'log-unplanned',
    key: systemFolder(target, system),
    message: `${pieces.length} objects of log, and the plan keeps none of ${target} any more (pointInTime): remove base/${target}/ and wal/${target}/ by hand when they are of no use`,
    severity: 'notice',
  }));

const inStore = async (app: App, { name, pointInTime }: Target, log: LogWork): Promise<readonly Found[]> => {
  const place = placeOf(app, name);
  const { systems } = await readSystems(place, log, 0);
  const { bases } = await readBases(app, app.stores.primary, name);
  const facts = bases.map(({ manifest }) => factsOf(manifest));
  const found: Found[] = [...(await foreign(place.store, name)), ...(await receptions(place))];
  for (const stored of systems) {
    found.push(...withoutHistory(place, stored), ...(await indexFindings(place, stored)));
    const own = facts.filter(({ system }) => system === stored.system);
    found.push(...(await holeFindings({ place, log, stored, bases: own })));
    if (pointInTime && isOld(stored, systems)) found.push(oldSystem(place, stored));
  }
  return pointInTime ? found : [...found, ...unplanned(place, systems)];
};

/** The log is read in one store only: where that was another one before, what is there stays for ever. */
const elsewhere = async (store: Store, target: string): Promise<readonly Found[]> => {
  for await (const [first] of store.list(walFolder(target)))
    if (first)
      return [
        {
          kind: 'log-elsewhere',
          key: first.key,
          message: `log in a store that is not that of the log any more: nobody reads it; remove ${walFolder(target)} there`,
          severity: 'notice',
        },
      ];
  return [];
};

/** What is wrong with the log of a target, in the stores and on its server. */
export const logFindings = async (app: App, target: Target): Promise<readonly Finding[]> => {
  const { log } = engineOf(target);
  if (!log) return [];
  const { store: own } = placeOf(app, target.name);
  const findings: Finding[] = [];
  for (const store of allStores(app)) {
    const found = store === own ? await inStore(app, target, log) : await elsewhere(store, target.name);
    findings.push(...found.map((each) => ({ target: target.name, store: store.location, ...each })));
  }
  return [...findings, ...(await slotLeft(app, target, log))];
};
