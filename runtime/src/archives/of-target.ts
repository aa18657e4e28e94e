import { readBelieved, type Believed, type Expected } from './authentic.ts';
import type { Catalog } from './catalogue.ts';
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

/** The archives of a target in a store that count, and those that do not. */
export const catalogOf = (
  app: App,
  store: Store,
  name: string,
  origin?: Origin,
): Promise<Catalog<Believed>> => readBelieved(store, expectedOf(app, name, origin));
