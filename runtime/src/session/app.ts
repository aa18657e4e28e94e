import { readFile } from 'node:fs/promises';
import { mounts } from '../contract/mounts.ts';
import { verificationKeys } from '../contract/secrets.ts';
import type { RunContext } from '../core/context.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { StartProgress } from '../core/progress.ts';
import { withoutReturn } from '../core/secret-files.ts';
import { openKey, openSealingKey, type KeyRing } from '../crypto/key-ring.ts';
import { openVerificationKeys } from '../crypto/verification-keys.ts';
import type { Engine, Source } from '../engines/engine.ts';
import { engineNamed } from '../engines/registry.ts';
import { openTls } from '../engines/tls.ts';
import { parsePlan } from '../plan/parse.ts';
import type { Plan, Target } from '../plan/schema.ts';
import { openStores, type Stores } from '../store/registry.ts';
import { stoppedSoonAfter } from '../store/stoppable-store.ts';
import type { Store } from '../store/store.ts';

/** Where archives are: the primary store first. */
export const allStores = ({ stores }: { readonly stores: Stores }): readonly Store[] => [
  stores.primary,
  ...stores.replicas,
];

/** What every command works on. */
export interface App {
  readonly run: RunContext;
  readonly plan: Plan;
  readonly stores: Stores;
  /** Absent where the plan stores in the clear. */
  readonly keys: KeyRing | undefined;
  readonly progress: StartProgress;
}

/** The app with stores of which no operation outlasts its run's signal for long. */
export const stoppableApp = (app: App): App => {
  const { primary, replicas } = app.stores;
  const stopping = (store: Store): Store => stoppedSoonAfter(store, app.run.signal);
  return { ...app, stores: { primary: stopping(primary), replicas: replicas.map(stopping) } };
};

const readPlanFile = async (file: string): Promise<unknown> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new BackupError('plan.missing', `plan ${file} cannot be read: ${messageOf(error)}`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BackupError('plan.invalid', `plan ${file} is not JSON: ${messageOf(error)}`);
  }
};

/** Reads and checks the plan, with the overrides of ConfigMap backup-config. @default /config/plan.json */
export const loadPlan = async (
  environment: Readonly<Record<string, string | undefined>>,
  file: string = mounts.plan,
): Promise<Plan> => parsePlan(await readPlanFile(file), environment);

const openKeyRing = async (run: RunContext, { encryption }: Plan): Promise<KeyRing> => {
  const read = ({ secretKey }: { secretKey: string }) => run.readSecret(encryption.secret, secretKey);
  const [newest, ...others] = encryption.keys;
  const first = mustExist(newest, 'key in the plan');
  const sealing = openSealingKey(first.id, await read(first));
  return [sealing, ...(await Promise.all(others.map(async (key) => openKey(key.id, await read(key)))))];
};

const openProvingRing = async ({ readSecret }: RunContext): Promise<KeyRing> =>
  openVerificationKeys(await readSecret(verificationKeys.name, verificationKeys.file));

/** What is known of the keys: the passphrases, or only what proves and decrypts nothing. */
export type KeySource = 'passphrases' | 'verification-keys';

/** Opens key ring and stores of a plan. */
export const openApp = async (
  run: RunContext,
  plan: Plan,
  progress: StartProgress,
  source: KeySource = 'passphrases',
): Promise<App> => {
  const open = source === 'passphrases' ? openKeyRing : openProvingRing;
  const keys = plan.encryption.enabled ? await open(run, plan) : undefined;
  return { run, plan, stores: await openStores(run, plan.stores, plan.encryption.secret), keys, progress };
};

/** A target of the plan by name. @throws BackupError `target.unknown` */
export const findTarget = (plan: Plan, name: string): Target => {
  const target = plan.targets.find((candidate) => candidate.name === name);
  if (target) return target;
  const known = plan.targets.map((candidate) => candidate.name).join(', ');
  throw new BackupError('target.unknown', `target ${name} is not in the plan, which has ${known}`);
};

/** The engine of a target; the plan's schema allows no other name. */
export const engineOf = (target: Pick<Target, 'engine'>): Engine => engineNamed(target.engine);

/** A server and the Secret with its credentials, as the plan names them. */
type Access = Pick<Target, 'connection' | 'secret'>;

/** Another server for a target's kind of database, with its credentials read. */
export const openSecretSource = async (
  run: RunContext,
  target: Target,
  { connection, secret }: Access,
): Promise<Source> => {
  const engine = engineOf(target);
  const credentials = await Promise.all(
    Object.entries(engine.secretKeys).map(async ([role, { defaultKey, optional }]) => {
      const value = run.readSecret(secret.name, secret.keys[role] ?? defaultKey).then(withoutReturn);
      return [role, optional ? await value.catch(() => undefined) : await value] as const;
    }),
  );
  const { host, tls } = connection;
  return {
    name: target.name,
    connection: engine.connection.parse(connection),
    credentials: Object.fromEntries(credentials),
    tls: tls && (await openTls(run, tls, host)),
  };
};

/** The database of a target, with its credentials read. */
export const openSource = (run: RunContext, target: Target): Promise<Source> =>
  openSecretSource(run, target, target);

/** For people: `postgresql:5432/grillstats`. */
export const addressOf = (source: Source): string => {
  const { host, port, database } = source.connection as { host: string; port: number; database?: string };
  return database === undefined ? `${host}:${port}` : `${host}:${port}/${database}`;
};
