import { hash } from 'node:crypto';
import type { Derived } from '../archives/catalogue-index.ts';
import { indexOnce, type OpenIndex } from '../archives/known.ts';
import { programVersion } from '../core/version.ts';
import { checkOf } from '../crypto/signature.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';

/** What a target's state follows from besides its listings, as a digest: with another program, plan or key it may be another one. */
export const derivationOf = async ({ plan, keys }: App, target: Target): Promise<string> => {
  const { anomalies } = plan;
  const checks = await Promise.all((keys ?? []).map(async (key) => [key.id, await checkOf(key)]));
  const from = { program: programVersion, target, anomalies, retention: retentionOf(plan, target), checks };
  return hash('sha256', JSON.stringify(from));
};

/** What the index of a target in the primary store says, read once, and only when it is asked for. */
export interface Indexed {
  readonly index: OpenIndex;
  /** Undefined where it says nothing, or what followed from something else than this plan. */
  readonly derived: () => Promise<Derived | undefined>;
}

export const indexedOnce = (app: App, target: Target): Indexed => {
  const index = indexOnce(app, app.stores.primary, target.name);
  let derived: Promise<Derived | undefined> | undefined;
  const read = async () => {
    const found = (await index()).derived;
    return found && found.by === (await derivationOf(app, target)) ? found : undefined;
  };
  return { index, derived: () => (derived ??= read()) };
};
