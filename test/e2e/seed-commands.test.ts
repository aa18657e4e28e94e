import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { changed, type Digest } from '../../demo/databases/database.ts';
import { parseOptions } from '../../demo/options.ts';
import { find } from '../../demo/pod/cluster.ts';
import { startPod, type Pod } from '../../demo/pod/pod.ts';
import { buildStage, type Stage } from '../../demo/stage.ts';
import { inRestorePod, seedCommands } from '../kit/seed.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const signal = new AbortController().signal;
const stack = new AsyncDisposableStack();

let stage: Stage;
let restorePod: Pod;
let before: ReadonlyMap<string, Digest>;

const digests = async (): Promise<ReadonlyMap<string, Digest>> =>
  new Map(
    await Promise.all(stage.databases.map(async ({ target, digest }) => [target, await digest()] as const)),
  );

const damage = (...targets: readonly string[]) =>
  Promise.all(
    stage.databases.filter(({ target }) => targets.includes(target)).map((database) => database.damage()),
  );

/** Targets whose content is not what it was at first. */
const different = async (): Promise<readonly string[]> =>
  [...(await digests())]
    .filter(([target, now]) => changed(before.get(target)!, now).length > 0)
    .map(([target]) => target);

const addressOf = (target: string): readonly [host: string, port: string] => {
  const { host, port } = stage.databases.find((database) => database.target === target)!.connection;
  return [String(host), String(port)];
};

/** Names and usual ports that a cluster resolves are here those of private servers. */
const resolved = (argv: readonly string[]): readonly string[] => {
  const [program] = argv;
  if (program === 'nc') return ['nc', '-zv', ...addressOf('postgresql')];
  if (program === 'pg_isready') {
    const [host, port] = addressOf('postgresql');
    return [...argv.with(2, host).with(4, port), '-U', 'backup']; // in the image the user has a name
  }
  if (program === 'redis-cli') {
    const [host, port] = addressOf('redis');
    return ['redis-cli', '-h', host, '-p', port, 'ping'];
  }
  return argv.map((word) => word.replace('influxdb:8086', addressOf('influxdb').join(':')));
};

const backup = (...path: readonly string[]): string => join(stage.cluster.folder, 'backup', ...path);

/** Runs what the CronJob of a `kubectl create job --from=cronjob/…` carries. */
const createJob = async (command: string): Promise<string> => {
  const [, name] = /--from=cronjob\/(\S+)/.exec(command)!;
  const pod = await startPod(stage.cluster, find(stage.cluster, 'CronJob', name!));
  return (await pod.exec(pod.command, signal)).stdout;
};

const exec = async (command: string): Promise<string> => {
  const { stdout, stderr } = await restorePod.exec(resolved(inRestorePod(command)!), signal);
  return stdout + stderr;
};

const run = (command: string) => (inRestorePod(command) ? exec(command) : createJob(command));

beforeAll(async () => {
  stage = await buildStage(parseOptions([]), signal, stack);
  for (const { fill } of stage.databases) await fill(2 ** 20);
  before = await digests();
  restorePod = await startPod(stage.cluster, find(stage.cluster, 'Pod', 'backup-restore-job'));
}, 3 * minuteMs);

afterAll(() => stack.disposeAsync(), minuteMs);

/** What proves each command that runs in a pod; in the seed's order where the order matters. */
type Proof = (command: string) => Promise<void>;

const makesArchive =
  (target: string): Proof =>
  async (command) => {
    await run(command);
    expect(existsSync(backup(target, 'latest_backup.tar.gz.enc'))).toBe(true);
  };

const prints =
  (...patterns: readonly RegExp[]): Proof =>
  async (command) => {
    const output = await run(command);
    for (const pattern of patterns) expect(output).toMatch(pattern);
  };

/** Restores what was lost. */
const restores =
  (...targets: readonly string[]): Proof =>
  async (command) => {
    await damage(...targets);
    expect(await different()).toEqual(targets);
    await run(command);
    expect(await different()).toEqual([]);
  };

/** Says what it would do, and does nothing. */
const onlyTells =
  (...patterns: readonly RegExp[]): Proof =>
  async (command) => {
    await prints(...patterns)(command);
    expect(await different()).toEqual([]);
  };

const verifies: Proof = async (command) => {
  await run(command);
  const { status, results } = JSON.parse(
    readFileSync(backup('verification', 'latest_verification.json'), 'utf8'),
  );
  expect(status).toBe('passed');
  expect(new Set(results.map(({ target }: { target: string }) => target))).toEqual(
    new Set(['postgresql', 'influxdb', 'redis']),
  );
};

const archivesOf = (target: string): readonly string[] =>
  readdirSync(backup(target)).filter((file) => file.endsWith('.tar.gz.enc') && !file.startsWith('latest'));

/** Deleted behind the program's back: `check --repair` drops the manifests of what no store has any more. */
const deletesOld: Proof = async (command) => {
  const [old] = archivesOf('redis');
  await createJob('kubectl create job --from=cronjob/redis-backup again');
  const long = new Date(Date.now() - 40 * dayMs);
  utimesSync(backup('redis', old!), long, long);
  await run(command);
  expect(archivesOf('redis')).toHaveLength(1);
  expect(archivesOf('redis')).not.toContain(old);
  await expect(restorePod.exec(['/scripts/verify-backups.sh'], signal)).rejects.toThrow(
    'only its manifest is left',
  );
  await restorePod.exec(['grill-backup', 'check', 'redis', '--repair'], signal);
};

/** A server of 1.x before 1.8 has no /health, but it answers. */
const answersHealth: Proof = async (command) => {
  const { title } = stage.databases.find(({ target }) => target === 'influxdb')!;
  if (title.startsWith('InfluxDB 2')) return prints(/"status":\s*"pass"/)(command);
  await expect(run(command)).rejects.toThrow('404');
  await run(command.replace('/health', '/ping'));
};

/** No shell runs in the pod, so nothing there expands the star. */
const needsShell: Proof = async (command) => {
  await expect(run(command)).rejects.toThrow('cannot access');
  const [line] = /du .*$/.exec(command)!;
  const { stdout } = await restorePod.exec(['sh', '-c', line], signal);
  expect(stdout).toMatch(/\/backup\/postgresql\n/);
};

const proofs: Readonly<Record<string, Proof>> = {
  'kubectl create job --from=cronjob/postgresql-backup manual-pg-backup-$(date +%Y%m%d) -n grill-stats':
    makesArchive('postgresql'),
  'kubectl create job --from=cronjob/influxdb-backup manual-influx-backup-$(date +%Y%m%d) -n grill-stats':
    makesArchive('influxdb'),
  'kubectl create job --from=cronjob/redis-backup manual-redis-backup-$(date +%Y%m%d) -n grill-stats':
    makesArchive('redis'),
  'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/full-restore.sh --test --dry-run':
    onlyTells(/postgresql/, /influxdb/, /redis/),
  'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/postgresql-restore.sh --test --dry-run /backup/postgresql/latest_backup.tar.gz.enc':
    onlyTells(/postgresql_\d{8}_\d{6}\.tar\.gz\.enc/),
  'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/full-restore.sh --force': restores(
    'postgresql',
    'influxdb',
    'redis',
  ),
  'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/postgresql-restore.sh --force /backup/postgresql/latest_backup.tar.gz.enc':
    restores('postgresql'),
  'kubectl exec -n grill-stats -it backup-restore-job -- nc -zv postgresql 5432': prints(/succeeded|open/),
  'kubectl exec -n grill-stats -it backup-restore-job -- df -h /backup': prints(/Avail/),
  'kubectl exec -n grill-stats -it backup-restore-job -- find /backup -name "*.tar.gz.enc" -mtime +30 -delete':
    deletesOld,
  'kubectl exec -n grill-stats -it backup-restore-job -- /scripts/verify-backups.sh': verifies,
  'kubectl exec -n grill-stats -it backup-restore-job -- find /backup -name "*.tar.gz.enc" -ls': prints(
    /postgresql\/postgresql_\d{8}_\d{6}\.tar\.gz\.enc/,
    /latest_backup\.tar\.gz\.enc -> /,
  ),
  'kubectl exec -n grill-stats -it backup-restore-job -- du -sh /backup/*': needsShell,
  'kubectl exec -n grill-stats -it backup-restore-job -- pg_isready -h postgresql -p 5432':
    prints(/accepting connections/),
  'kubectl exec -n grill-stats -it backup-restore-job -- redis-cli -h redis ping': prints(/PONG|NOAUTH/),
  'kubectl exec -n grill-stats -it backup-restore-job -- curl -f http://influxdb:8086/health': answersHealth,
  'kubectl create job --from=cronjob/postgresql-backup test-pg-backup -n grill-stats':
    makesArchive('postgresql'),
  'kubectl exec -it backup-restore-job -n grill-stats -- /scripts/verify-backups.sh': verifies,
};

describe('what each command of the seed runs in a pod', () => {
  test('none is left out', () => {
    const inPods = seedCommands.filter(
      (command) => inRestorePod(command) ?? command.includes('--from=cronjob/'),
    );
    expect(Object.keys(proofs)).toEqual(inPods);
  });

  test.each(Object.keys(proofs))(
    'runs: %s',
    async (command) => {
      await proofs[command]!(command);
    },
    2 * minuteMs,
  );
});
