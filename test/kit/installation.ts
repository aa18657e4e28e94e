import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { checkContract } from './cli-contract.ts';
import { removeFolder, workFolder } from './private-server.ts';

const root = join(import.meta.dirname, '../..');

export const passphrase = 'correct horse battery staple';

/** What a run of the command line left. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output read as JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any document
  readonly json: any;
}

/** A plan, its secrets and a folder of archives, as a pod would find them. */
export interface Installation {
  readonly folder: string;
  /** The folder that a pod has at /backup. */
  readonly backup: string;
  readonly env: Readonly<Record<string, string>>;
  readonly setSecret: (secret: string, key: string, value: string) => void;
  readonly setPlan: (plan: unknown) => void;
  /** Runs `grill-backup` and checks exit code and JSON against what the command says of itself; `onStart` gets the process, to send it signals. */
  readonly cli: (args: readonly string[], onStart?: (pid: number) => void) => Promise<CliResult>;
  /** Files under /backup, relative, sorted; without locks, run records, the audit trail, undo commands and the recovery kit. */
  readonly files: () => readonly string[];
  readonly dispose: () => Promise<void>;
}

const asJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const runCli = async (
  args: readonly string[],
  env: Record<string, string>,
  onStart?: (pid: number) => void,
): Promise<CliResult> => {
  const child = spawn(join(root, 'runtime/bin/grill-backup'), args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  onStart?.(child.pid!);
  const [code] = (await once(child, 'close')) as [number | null];
  await checkContract(args, { code, stdout });
  return { code, stdout, stderr, json: asJson(stdout) };
};

/** A plan of the given targets, archives in `/backup` of the installation. */
export const planFor = (backup: string, targets: readonly object[], more: object = {}): object => ({
  environment: 'test',
  stores: { directory: { path: backup } },
  targets: targets.map((target) => ({ schedule: '0 2 * * *', ...target })),
  verification: { schedule: '0 6 * * *' },
  ...more,
});

/** Makes an installation for targets whose secrets hold the given values. */
export const install = (
  targets: readonly object[],
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Installation => {
  const folder = workFolder('installation');
  const backup = join(folder, 'backup');
  mkdirSync(backup);
  const setSecret = (secret: string, key: string, value: string): void => {
    mkdirSync(join(folder, 'secrets', secret), { recursive: true });
    writeFileSync(join(folder, 'secrets', secret, key), value);
  };
  const setPlan = (plan: unknown): void => writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
  for (const [secret, keys] of Object.entries({
    'backup-encryption-secret': { 'encryption-key': passphrase },
    ...secrets,
  }))
    for (const [key, value] of Object.entries(keys)) setSecret(secret, key, value);
  setPlan(planFor(backup, targets));
  const env = {
    PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    GRILL_BACKUP_PLAN: join(folder, 'plan.json'),
    GRILL_BACKUP_SECRETS: join(folder, 'secrets'),
  };
  return {
    folder,
    backup,
    env,
    setSecret,
    setPlan,
    cli: (args, onStart) => runCli(args, env, onStart),
    files: () =>
      readdirSync(backup, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(backup.length + 1))
        .filter((file) => !/^(locks|runs|audit|recovery|restores|undo)\//.test(file))
        .toSorted(),
    dispose: () => removeFolder(folder),
  };
};
