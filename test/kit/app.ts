import { recordsReader } from '../../runtime/src/runs/read-records.ts';
import type { RunRecord } from '../../runtime/src/runs/records.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { openKey, type KeyRing } from '../../runtime/src/crypto/key-ring.ts';
import { parsePlan } from '../../runtime/src/plan/parse.ts';
import type { Stores } from '../../runtime/src/store/registry.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { passphrase } from './installation.ts';
import { testRun } from './run.ts';

/** What an app of a test is made of. */
export interface TestApp {
  readonly stores: Stores;
  readonly targets: readonly object[];
  /** Fields of the plan besides the targets. */
  readonly plan?: object;
  readonly run?: Parameters<typeof testRun>[0];
}

/** Every password is `secret`, and the user is the default one. */
const readSecret = (_secret: string, key: string): Promise<string> =>
  key.includes('user') ? Promise.reject(new Error('no user is named')) : Promise.resolve('secret');

/** Key ring of every app of a test: opened once, as its derivations are slow on purpose. */
export const testKeys: KeyRing = [openKey('primary', passphrase)];

/** Records of runs that count for an app of a test, newest first. */
export const recordsOf = (store: Store, target: string): Promise<readonly RunRecord[]> =>
  recordsReader(store, { environment: 'test', keys: testKeys }).read(target, new Date());

/** An app over the given stores, as the command line opens it from a plan. */
export const testApp = ({ stores, targets, plan = {}, run = {} }: TestApp): App => ({
  run: testRun({ readSecret, ...run }),
  plan: parsePlan({
    environment: 'test',
    stores: { directory: {} },
    targets: targets.map((target) => ({ schedule: '0 2 * * *', ...target })),
    verification: { schedule: '0 6 * * *' },
    ...plan,
  }),
  stores,
  keys: testKeys,
  progress: () => ({ add: () => {}, done: () => {} }),
});

/** The target `redis` of a plan; its server's password is `secret`. */
export const redisTarget = (server: { readonly host: string; readonly port: number }, more: object = {}) => ({
  name: 'redis',
  engine: 'redis',
  connection: { host: server.host, port: server.port },
  secret: { name: 'redis' },
  ...more,
});

/** The target `postgresql` of a plan, whose log is kept. */
export const targetWithLog = (
  server: { readonly host: string; readonly port: number },
  database: string,
  pointInTime: object = {},
  connection: object = {},
) => ({
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: server.host, port: server.port, database, ...connection },
  secret: { name: 'postgresql' },
  pointInTime,
});

/** Gives every Secret the account of a server. */
export const accountOf =
  (server: { readonly user: string; readonly password: string }) =>
  (_: string, key: string): Promise<string> =>
    Promise.resolve(key.includes('user') ? server.user : server.password);
