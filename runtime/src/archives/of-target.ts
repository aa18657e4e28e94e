import { believe, readBelieved, type Believed, type Expected } from './authentic.ts';
import { readArchive, type Catalog } from './catalogue.ts';
import type { Store } from '../store/store.ts';
import { findTarget, type App } from '../session/app.ts';

/** Whose archives a restore takes, where they are not the target's own. */
export interface Origin {
  /** @default the target's name */
  readonly fromTarget?: string | undefined;
  /** @default the plan's environment */
  readonly fromEnvironment?: string | undefined;
}

/** What archives of a target of the plan must say of themselves. @throws BackupError `target.unknown` */
export const expectedOf = ({ plan, keys, run }: App, name: string, origin: Origin = {}): Expected => {
  const { engine } = findTarget(plan, name);
  const { fromTarget: target = name, fromEnvironment: environment = plan.environment } = origin;
  return { keys, environment, target, engine, now: run.now() };
};

/** One archive of a target, read and believed. @throws BackupError `archive.unknown`, and as `believe` */
export const believedAt = async (
  app: App,
  store: Store,
  name: string,
  key: string,
  origin?: Origin,
): Promise<Believed> => believe(await readArchive(store, key), expectedOf(app, name, origin));

/** All archives of a target in a store that count, each read, and those that do not. */
export const catalogOf = (
  app: App,
  store: Store,
  name: string,
  origin?: Origin,
): Promise<Catalog<Believed>> => readBelieved(store, expectedOf(app, name, origin));
