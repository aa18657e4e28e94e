import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { openKey } from '../../runtime/src/crypto/key-ring.ts';
import type { RunContext } from '../../runtime/src/core/context.ts';
import { keepIndexes } from '../../runtime/src/health/keep-index.ts';
import { loadPlan, openApp, type App } from '../../runtime/src/session/app.ts';
import { makePlanFolder, passphrase, type PlanFolder } from '../harness/plan-folder.ts';
import { removeFolder } from '../../test/kit/private-server.ts';
import { targetName, writeCatalogue, type CatalogueSize } from './generate.ts';

/** A catalogue on disk, with a plan over it. */
export interface Bed extends PlanFolder {
  /** Writes the index of every target, as the end of a run does. */
  readonly index: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export const targetsOf = ({ targets }: CatalogueSize) =>
  Array.from({ length: targets }, (_, index) => ({
    name: targetName(index),
    engine: 'postgresql',
    connection: { host: '127.0.0.1', port: 5432, database: 'grillstats' },
  }));

/** Without a sync for each file, which a store does: hundreds of thousands of them would take hours. */
const quickWriter = (root: string) => ({
  put: async (key: string, body: () => AsyncIterable<Buffer>): Promise<void> => {
    const path = join(root, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body());
  },
});

/** The app over a bed, as the command line opens it. */
export const openBed = async (env: PlanFolder['env']): Promise<App> => {
  const secrets = env['GRILL_BACKUP_SECRETS'] ?? '';
  const run: RunContext = {
    now: () => new Date(),
    randomBytes: (length) => Buffer.alloc(length, 7),
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    scratchDir: secrets,
    readSecret: (secret, key) => Promise.resolve(readFileSync(join(secrets, secret, key), 'utf8')),
    fileOf: (_, name, key) => join(secrets, name, key),
    cluster: { host: undefined, port: 443, accountFolder: secrets },
  };
  const plan = await loadPlan({}, env['GRILL_BACKUP_PLAN']);
  return openApp(run, plan, () => ({ add: () => {}, done: () => {} }));
};

export const makeBed = async (size: CatalogueSize): Promise<Bed> => {
  const place = makePlanFolder(targetsOf(size), {});
  const root = join(place.folder, 'backup');
  await writeCatalogue(quickWriter(root), size, [openKey('primary', passphrase)], 4);
  const app = await openBed(place.env);
  const names = app.plan.targets.map(({ name }) => name);
  return {
    ...place,
    index: async () => {
      for (const name of names) await keepIndexes(app, name);
    },
    stop: () => removeFolder(place.folder),
  };
};
