import { wholeBytes } from '../../archives/parts/keys.ts';
import { resolve } from 'node:path';
import type { Manifest } from '../../archives/manifest.ts';
import { restorable, type Restorable } from '../../archives/restorable.ts';
import { BackupError } from '../../core/errors.ts';
import type { LogTarget } from '../../engines/engine-base.ts';
import type { Engine, RestoreScope, Source } from '../../engines/engine.ts';
import type { Target } from '../../plan/schema.ts';
import { settle } from '../../engines/preview.ts';
import { addressOf, engineOf, findTarget, openSource, type App } from '../../session/app.ts';
import type { Origin } from '../../archives/of-target.ts';
import { believeNamed, findArchive, findBefore, readThrough } from '../../archives/read.ts';
import { restoreRequest } from '../../archives/restore-request.ts';
import { servicesOf } from '../../services/service-state.ts';
import { effectOf } from './effect.ts';
import { findInstant, type Instant } from './instant.ts';
import type { RestorePlan } from './result.ts';
import type { Ready } from '../../wal/recovered.ts';
import type { Subject } from './subject.ts';

export interface RestoreOptions extends RestoreScope, Origin {
  readonly archive?: string | undefined;
  /** An instant of the log, instead of an archive. */
  readonly until?: LogTarget | undefined;
  /** Folder for a data directory of that instant; no server is touched. */
  readonly dataDirectory?: string | undefined;
  /** Restore into a scratch server or name, compare, and throw it away. */
  readonly test: boolean;
  readonly dryRun: boolean;
  /** Scale the services to 0 that the plan names for the targets, and back afterwards. @default false */
  readonly stopServices?: boolean | undefined;
  /** Asked unless forced; false refuses. */
  readonly confirm: (plans: readonly RestorePlan[]) => Promise<boolean>;
}

export interface Prepared {
  readonly target: Target;
  readonly engine: Engine;
  readonly source: Source;
  readonly subject: Subject;
  readonly scope: RestoreScope;
  readonly plan: RestorePlan;
}

const placeOf = (source: Source, { test, into, dataDirectory }: RestoreOptions): string => {
  if (dataDirectory) return resolve(dataDirectory);
  if (test) return 'a scratch server, or scratch names where there is none';
  return into ? `${into} on ${addressOf(source)}` : addressOf(source);
};

const scopeOf = ({ only, into, jobs, merge, accept }: RestoreOptions): RestoreScope => ({
  only,
  into,
  jobs,
  merge,
  accept,
});

/** What the engine has to say before anything is changed; a test restore changes nothing. @throws BackupError restore.refused */
const notesOf = async (
  app: App,
  { engine, source, scope }: Pick<Prepared, 'engine' | 'source' | 'scope'>,
  data: Restorable,
): Promise<readonly string[]> => {
  if (!engine.preview) return [];
  const entries = data.open(`look into ${data.manifest.target}`);
  const preview = await engine.preview(app.run, source, entries, restoreRequest(app, data, 'replace', scope));
  return settle(preview, scope.accept);
};

/** A restore of all targets gives jobs to the engines that have them; one of a single target must have them. */
const refusalOf = (engine: Engine, scope: RestoreScope, alone: boolean): string | undefined =>
  alone && (scope.jobs ?? 1) > 1 && !engine.restoresInJobs
    ? `${engine.name} is restored by one job, which reads the archive in its order; leave --jobs out`
    : engine.refusal(scope);

/** What a report tells of an archive that was made elsewhere. */
const originOf = ({ plan }: App, { target, environment }: Manifest, name: string) => ({
  ...(target !== name && { fromTarget: target }),
  ...(environment !== plan.environment && { fromEnvironment: environment }),
});

const modeOf = ({ test, dataDirectory }: RestoreOptions): RestorePlan['mode'] => {
  if (dataDirectory) return 'directory';
  return test ? 'test' : 'replace';
};

/** What of a plan follows from what is restored. */
type FromSubject = Pick<RestorePlan, 'archive' | 'store' | 'takenAt' | 'archiveBytes' | 'sourceBytes'> &
  Partial<RestorePlan>;

interface Found {
  readonly subject: Subject;
  readonly facts: FromSubject;
}

type Sought = Pick<Prepared, 'target' | 'engine' | 'source' | 'scope'>;

/** What is left to a target without a log: how long before the instant its archive was begun. */
const skewOf = (instant: Date | undefined, startedAt: string): Partial<RestorePlan> =>
  instant ? { skewSeconds: (instant.getTime() - Date.parse(startedAt)) / 1000 } : {};

/** @param before the newest archive that was begun before it, instead of the one that is named */
const findNamed = async (
  app: App,
  sought: Sought,
  options: RestoreOptions,
  before?: Date,
): Promise<Found> => {
  const { name } = sought.target;
  const found = before
    ? await findBefore(app, name, before, options)
    : await findArchive(app, name, options.archive, options);
  const archive = await believeNamed(app, found, name, options);
  const { manifest } = archive;
  const ready = (inner: App): Ready => ({ data: restorable(inner, archive), close: () => Promise.resolve() });
  const notes = options.test ? [] : await notesOf(app, sought, ready(app).data);
  return {
    subject: {
      ready: (inner) => Promise.resolve(ready(inner)),
      prove: (inner) => readThrough(inner, archive),
    },
    facts: {
      archive: archive.key,
      store: archive.store.location,
      takenAt: manifest.startedAt,
      ...originOf(app, manifest, name),
      ...skewOf(before, manifest.startedAt),
      archiveBytes: wholeBytes(manifest),
      sourceBytes: manifest.sourceBytes,
      ...(notes.length > 0 && { notes }),
    },
  };
};

/** What the engine has to say of an instant is known once it was recovered. */
const ofInstant = (sought: Sought, instant: Instant, test: boolean): Found => ({
  facts: instant.facts,
  subject: {
    write: instant.write,
    ready: async (app) => {
      const ready = await instant.recover(app, sought.source);
      try {
        if (!test) await notesOf(app, sought, ready.data);
        return ready;
      } catch (error) {
        await ready.close();
        throw error;
      }
    },
  },
});

/** The instant itself where the plan keeps the log of the target; in a restore of all, the others come as near as they can. */
const find = async (app: App, sought: Sought, options: RestoreOptions, alone: boolean): Promise<Found> => {
  const { target } = sought;
  const { until, test } = options;
  if (until === undefined) return findNamed(app, sought, options);
  const isTime = typeof until === 'object' && 'time' in until;
  if (!alone && isTime && !target.pointInTime) return findNamed(app, sought, options, until.time);
  return ofInstant(sought, await findInstant(app, target, until), test);
};

/**
 * Finds what is restored, authenticates its manifest, and says what would happen; `alone` where this is the only target.
 * @throws BackupError restore.refused
 */
export const prepare = async (
  app: App,
  name: string,
  options: RestoreOptions,
  alone: boolean,
): Promise<Prepared> => {
  const target = findTarget(app.plan, name);
  const engine = engineOf(target);
  const scope = scopeOf(options);
  const refusal = refusalOf(engine, scope, alone);
  if (refusal !== undefined) throw new BackupError('restore.refused', `${name}: ${refusal}`);
  const source = await openSource(app.run, target);
  const sought = { target, engine, source, scope };
  const services = options.stopServices ? await servicesOf(app, target) : undefined;
  const { subject, facts } = await find(app, sought, options, alone);
  const { notes, ...found } = facts;
  const plan: RestorePlan = {
    target: name,
    ...found,
    into: placeOf(source, options),
    mode: modeOf(options),
    ...(scope.only && { only: scope.only }),
    ...(services && { services }),
    effect: effectOf(engine, options),
    ...(notes && { notes }),
  };
  return { ...sought, subject, plan };
};
