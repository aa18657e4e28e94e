import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../demo/databases/database.ts';
import { find, podSpec, type Manifest } from '../../demo/pod/cluster.ts';
import type { VerificationReport } from '../../runtime/src/commands/verify/result.ts';
import { programVersion } from '../../runtime/src/core/version.ts';
import { cronJobName, cronJobNames, names } from '../../runtime/src/contract/names.ts';
import { runPod, startPod, type ContainerPod } from '../kit/container-pod.ts';
import { containerStage, type ContainerStage } from '../kit/container-stage.ts';
import { root } from '../kit/environments.ts';
import { localName } from '../kit/job-image.ts';
import { podman } from '../kit/podman.ts';
import { words } from '../kit/seed.ts';
import { until } from '../kit/until.ts';

const minuteMs = 60_000;
const targets = ['postgresql', 'influxdb', 'redis'];
const latest = (target: string): string => `/backup/${target}/latest_backup.tar.gz.enc`;

/** One target; only PostgreSQL has a log. */
const targetFor = (command: string): string => (command.includes(' wal ') ? 'postgresql' : 'redis');

/** What the runbook runs in the restore pod, for one target. */
const runbookCommands = [
  ...new Set(
    [...readFileSync(join(root, 'alerts/RUNBOOK.md'), 'utf8').matchAll(/kubectl exec .*? -- ([^`\n]+)/g)].map(
      ([, command]) =>
        command!
          .replaceAll('<target>', targetFor(command!))
          .replaceAll('<archive>', latest(targetFor(command!))),
    ),
  ),
];

/** What a process of a pod sees of its rights and limits, one `name value` per line; cgroup v2 or v1. */
const inside = `
id
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
echo memory: $(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes)
echo writable: $(find / -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>/dev/null | sort)
touch /usr/x || true
`;

/** Root only: buildah changes the root directory, and files of volumes get owners. */
const containers = process.getuid?.() === 0 ? describe : describe.skip;

containers('the job image, in containers of the dev manifests (needs root)', () => {
  const stack = new AsyncDisposableStack();
  let stage: ContainerStage;
  let restorePod: ContainerPod;
  let before: readonly Digest[];

  const digests = () => Promise.all(stage.databases.map(({ digest }) => digest()));
  const manifest = (kind: string, name: string): Manifest => find(stage.cluster, kind, name);
  const stored = (path: string): string =>
    path.replace('/backup', join(stage.cluster.folder, names.volumeClaim));
  const runCronJob = (name: string) => runPod(stage.cluster, manifest('CronJob', name));

  beforeAll(async () => {
    stage = await containerStage(stack);
    before = await digests();
    restorePod = stack.adopt(await startPod(stage.cluster, manifest('Pod', names.restorePod)), ({ stop }) =>
      stop(),
    );
  }, 10 * minuteMs);
  afterAll(() => stack.disposeAsync(), minuteMs);

  test.each([
    ...cronJobNames(targets.map((name) => ({ name }))).map((name) => ['CronJob', name]),
    ['Pod', names.restorePod],
    ['Deployment', names.exporter],
  ])('%s %s has no rights and writes only where it must', async (kind, name) => {
    const pod = manifest(kind, name);
    const { stdout, stderr } = await runPod(stage.cluster, pod, { command: ['/bin/sh', '-c', inside] });
    const limit = podSpec(pod).containers[0]!.resources!.limits!.memory as string;
    const mebibytes = Number.parseInt(limit, 10) * (limit.endsWith('Gi') ? 1024 : 1);
    expect(stdout).toMatch(
      /^uid=10001\(grill-backup\) gid=10001\(grill-backup\) groups=10001\(grill-backup\)$/m,
    );
    expect(stdout).toMatch(/^CapEff:\s0+$/m);
    expect(stdout).toMatch(/^CapBnd:\s0+$/m);
    expect(stdout).toMatch(/^NoNewPrivs:\s1$/m);
    expect(stdout).toMatch(/^Seccomp:\s2$/m);
    expect(stdout).toContain(`memory: ${mebibytes * 1024 ** 2}\n`);
    const writable = /^writable: (.*)$/m.exec(stdout)![1];
    expect(writable).toBe(kind === 'Deployment' ? '/tmp' : '/backup /tmp');
    expect(stderr).toContain("touch: cannot touch '/usr/x': Read-only file system");
  });

  test('a process that exceeds the memory limit is killed', async () => {
    const command = ['node', '-e', 'for (const kept = []; ; ) kept.push(Buffer.alloc(1 << 26, 1))'];
    const killed = runPod(stage.cluster, manifest('Deployment', names.exporter), { command });
    await expect(killed).rejects.toThrow('ended with 137');
  });

  test.each(targets)(
    'the CronJob of %s commits a backup',
    async (target) => {
      await runCronJob(cronJobName(target));
      expect(await readlink(stored(latest(target)))).toMatch(
        new RegExp(`^${target}_\\d{8}_\\d{6}\\.tar\\.gz\\.enc$`),
      );
    },
    minuteMs,
  );

  test.each([
    [names.verification, 'deep', 'latest_verification.json'],
    [names.drill, 'drill', 'latest_drill.json'],
  ])(
    'the CronJob %s finds them good at level %s, without a network',
    async (name, level, file) => {
      await runPod(stage.cluster, manifest('CronJob', name), { network: 'none' });
      const text = await readFile(stored(`/backup/verification/${file}`), 'utf8');
      const report = JSON.parse(text) as VerificationReport;
      expect(report.status).toBe('passed');
      expect(report.results.filter((result) => result.level === level && result.ok)).toHaveLength(3);
    },
    2 * minuteMs,
  );

  const exec = async (command: string): Promise<string> => {
    const { stdout, stderr } = await restorePod.exec(...words(command));
    return stdout + stderr;
  };

  /** Of the seed: what follows `kubectl exec … backup-restore-job --`, and what it prints. */
  test.each([
    ['nc -zv postgresql 5432', 'succeeded!'],
    ['df -h /backup', '/backup'],
    ['find /backup -name "*.tar.gz.enc" -mtime +30 -delete', ''],
    ['find /backup -name "*.tar.gz.enc" -ls', 'postgresql_'],
    ['sh -c "du -sh /backup/*"', '/backup/redis'],
    ['pg_isready -h postgresql -p 5432', 'accepting connections'],
    ['redis-cli -h redis ping', 'NOAUTH'],
    ['curl -sSf -o /dev/null -w %{http_code} http://influxdb:8086/ping', '204'],
    ['/scripts/verify-backups.sh', 'postgresql'],
    [`/scripts/postgresql-restore.sh --test --dry-run ${latest('postgresql')}`, 'postgresql'],
    ['/scripts/full-restore.sh --test --dry-run', 'redis'],
  ])(
    '%s',
    async (command, answer) => {
      expect(await exec(command)).toContain(answer);
    },
    minuteMs,
  );

  test.each(runbookCommands)('runbook: %s', exec, minuteMs);

  test.each(targets)(
    '%s is restored for a test, and the database stays as it is',
    async (target) => {
      await restorePod.exec(`/scripts/${target}-restore.sh`, '--test', latest(target));
      expect(await digests()).toEqual(before);
    },
    minuteMs,
  );

  test(
    'everything is restored after damage, equal to what it was',
    async () => {
      for (const { damage } of stage.databases) await damage();
      expect(await digests()).not.toEqual(before);
      await restorePod.exec('/scripts/full-restore.sh', '--force');
      expect(await digests()).toEqual(before);
    },
    2 * minuteMs,
  );

  test('the exporter becomes ready and publishes the backups', async () => {
    const pod = manifest('Deployment', names.exporter);
    const { ports, readinessProbe } = podSpec(pod).containers[0]!;
    const { path, port } = readinessProbe!.httpGet!;
    const url = `http://127.0.0.1:${ports!.find(({ name }) => name === port)!.containerPort}`;
    await using stopping = new AsyncDisposableStack();
    const exporter = await startPod(stage.cluster, pod, { network: 'none' });
    stopping.defer(exporter.stop);
    const get = (of: string) => exporter.exec('curl', '--silent', '--fail', url + of);
    await until(() => get(path!));
    const { stdout: metrics } = await get('/metrics');
    for (const target of targets)
      expect(metrics).toMatch(
        new RegExp(`^grill_backup_last_success_timestamp_seconds{.*target="${target}"`, 'm'),
      );
  });

  test('starts with code that the image has compiled', async () => {
    const output = await exec('env NODE_DEBUG_NATIVE=COMPILE_CACHE grill-backup backup postgresql');
    for (const file of ['cli/main', 'commands/backup/backup', 'engines/postgresql/dump'])
      expect(output).toMatch(new RegExp(`cache for ESM file:\\S+/src/${file}\\.ts was accepted`));
    expect(output).not.toMatch(/was not initialized|permission denied/);
  });

  test('holds the other programs it is to hold, and a list of what it holds', async () => {
    const programs = [
      'openssl',
      'tar',
      'gzip',
      'igzip',
      'zstd',
      'stdbuf',
      'chrt',
      'influx',
      'influxd',
      'redis-server',
      'psql',
    ];
    await restorePod.exec('/bin/sh', '-ec', programs.map((program) => `command -v ${program}`).join(';'));
    const { stdout } = await restorePod.exec('cat', '/usr/share/sbom/grill-backup.cdx.json');
    const { components } = JSON.parse(stdout) as { components: { purl: string }[] };
    for (const start of [
      'pkg:generic/node@24.',
      'pkg:npm/%40aws-sdk/client-s3@',
      'pkg:npm/commander@',
      'pkg:deb/debian/postgresql-15@',
    ])
      expect(components.filter(({ purl }) => purl.startsWith(start))).toHaveLength(1);
    const { stdout: labels } = await podman(
      'image',
      'inspect',
      '--format',
      '{{json .Labels}}',
      localName(stage.image),
    );
    expect(JSON.parse(labels)).toMatchObject({ 'org.opencontainers.image.version': programVersion });
  });
});
