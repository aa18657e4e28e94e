import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { workFolder } from '../../test/kit/private-server.ts';

const root = join(import.meta.dirname, '../..');
export const passphrase = 'a passphrase for benchmarks only';

export interface PlanFolder {
  /** Holds plan, secrets and the store `backup`. */
  readonly folder: string;
  /** Archives of a target. */
  readonly archives: (target: string) => string;
  /** Finds plan, secrets and passphrase, and this working copy's `grill-backup` in the PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** One target of a plan, as in plan.json; schedule and name of its secret are added. */
export type BenchTarget = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly engine: string;
};

const writeSecrets = (
  folder: string,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): void => {
  for (const [secret, keys] of Object.entries(secrets)) {
    mkdirSync(join(folder, 'secrets', secret), { recursive: true });
    for (const [key, value] of Object.entries(keys))
      writeFileSync(join(folder, 'secrets', secret, key), value);
  }
};

/** Makes the folder of an encrypted plan. @param secrets name of a secret → key → value; @param more settings of the plan */
export const makePlanFolder = (
  targets: readonly BenchTarget[],
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  more: Readonly<Record<string, unknown>> = {},
): PlanFolder => {
  const folder = workFolder('bench');
  mkdirSync(join(folder, 'backup'));
  writeSecrets(folder, {
    ...secrets,
    encryption: { ...secrets['encryption'], 'encryption-key': passphrase },
  });
  const plan = {
    environment: 'bench',
    encryption: { secret: 'encryption' },
    stores: { directory: { path: join(folder, 'backup') } },
    targets: targets.map((target) => ({ secret: { name: target.engine }, schedule: '0 2 * * *', ...target })),
    verification: { schedule: '0 6 * * *' },
    ...more,
  };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
  return {
    folder,
    archives: (target) => join(folder, 'backup', target),
    env: {
      PATH: [join(root, 'runtime/bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
      PASSPHRASE: passphrase,
      GRILL_BACKUP_PLAN: join(folder, 'plan.json'),
      GRILL_BACKUP_SECRETS: join(folder, 'secrets'),
      LOG_LEVEL: 'ERROR',
    },
  };
};
