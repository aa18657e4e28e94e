import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Manifest } from '../../../demo/pod/cluster.ts';
import { startPod, type Pod } from '../../../demo/pod/pod.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';

const signal = new AbortController().signal;
const folder = workFolder('kubelet');
chmodSync(folder, 0o755);

const plan = {
  targets: [{ name: 'redis', connection: { host: 'redis', port: 6379 } }],
  stores: { directory: { path: '/backup' } },
};

const cronJob = (env: readonly object[], volumes: readonly object[] = []): Manifest => ({
  kind: 'CronJob',
  metadata: { name: 'redis-backup', namespace: 'grill-stats' },
  spec: {
    jobTemplate: {
      spec: {
        template: {
          spec: {
            volumes: [
              { name: 'backup', persistentVolumeClaim: { claimName: 'backup-storage-pvc' } },
              {
                name: 'config',
                configMap: { name: 'backup-config', items: [{ key: 'plan.json', path: 'plan.json' }] },
              },
              { name: 'scripts', configMap: { name: 'backup-scripts', defaultMode: 0o555 } },
              { name: 'redis', secret: { secretName: 'redis-secret', defaultMode: 0o440 } },
              { name: 'tmp', emptyDir: {} },
              ...volumes,
            ],
            containers: [
              {
                name: 'backup',
                command: ['/scripts/redis-backup.sh'],
                args: ['--store=/backup'],
                env,
                envFrom: [{ configMapRef: { name: 'backup-overrides' } }],
                volumeMounts: [
                  { name: 'backup', mountPath: '/backup' },
                  { name: 'config', mountPath: '/config' },
                  { name: 'scripts', mountPath: '/scripts' },
                  { name: 'redis', mountPath: '/secrets/redis-secret' },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
          },
        },
      },
    },
  },
});

const cluster: Cluster = {
  folder,
  manifests: [
    {
      kind: 'ConfigMap',
      metadata: { name: 'backup-config' },
      data: { 'plan.json': JSON.stringify(plan), LOG_LEVEL: 'DEBUG' },
    },
    { kind: 'ConfigMap', metadata: { name: 'backup-overrides' }, data: { BASE: '/backup/remote' } },
    {
      kind: 'ConfigMap',
      metadata: { name: 'backup-scripts' },
      data: { 'redis-backup.sh': '#!/bin/sh\nenv; echo "args $*"\n' },
    },
  ],
  secrets: { 'redis-secret': { password: 'p4ss' } },
  services: { redis: { host: '127.0.0.1', port: 40_123 } },
};

const env = [
  { name: 'LOG_LEVEL', valueFrom: { configMapKeyRef: { name: 'backup-config', key: 'LOG_LEVEL' } } },
  { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'backup-config', key: 'NONE', optional: true } } },
  { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
  { name: 'REPORT', value: '/backup/verification' },
];

afterAll(() => removeFolder(folder));

describe('a pod of the demo', () => {
  const root = join(folder, 'pods/redis-backup');
  let pod: Pod;
  let output: string;

  beforeAll(async () => {
    pod = await startPod(cluster, cronJob(env));
    output = (await pod.exec(pod.command, signal)).stdout;
  });

  test('runs the command of its manifest where its volumes lie', () => {
    expect(pod.command).toEqual(['/scripts/redis-backup.sh', '--store=/backup']);
    expect(output).toContain(`args --store=${join(folder, 'backup')}\n`);
  });

  test('gets the environment of its manifest, with paths mapped, and no other', () => {
    const lines = output.split('\n').filter((line) => !/^(PWD|SHLVL|_|OLDPWD|args|PATH)\b|^$/.test(line));
    expect(lines.toSorted()).toEqual([
      `BASE=${join(folder, 'backup/remote')}`,
      `GRILL_BACKUP_CERTIFICATES=${join(root, 'certificates')}`,
      `GRILL_BACKUP_PLAN=${join(root, 'config/plan.json')}`,
      `GRILL_BACKUP_SECRETS=${join(root, 'secrets')}`,
      'HOME=/',
      'LOG_LEVEL=DEBUG',
      'NAMESPACE=grill-stats',
      `REPORT=${join(folder, 'backup/verification')}`,
      `TMPDIR=${join(root, 'tmp')}`,
    ]);
  });

  test('finds the servers of the demo in its plan, and its own store', () => {
    expect(JSON.parse(readFileSync(join(root, 'config/plan.json'), 'utf8'))).toEqual({
      targets: [{ name: 'redis', connection: { host: '127.0.0.1', port: 40_123 } }],
      stores: { directory: { path: join(folder, 'backup') } },
    });
  });

  test('reads its secrets from files, and writes to its volumes', async () => {
    const { stdout } = await pod.exec(
      ['/bin/sh', '-c', 'cat /secrets/redis-secret/password; echo 1 > /backup/a; echo 2 > /tmp/b'],
      signal,
    );
    expect(stdout).toBe('p4ss');
    expect(readFileSync(join(folder, 'backup/a'), 'utf8')).toBe('1\n');
    expect(readFileSync(join(root, 'tmp/b'), 'utf8')).toBe('2\n');
  });

  test('keeps claims and makes its other volumes anew when it starts again', async () => {
    const again = await startPod(cluster, cronJob(env));
    const { stdout } = await again.exec(['/bin/sh', '-c', 'ls /backup /tmp'], signal);
    expect(stdout.split('\n').filter((line) => line && !line.endsWith(':'))).toEqual(['a']);
  });

  test('tells what a failed command printed', async () => {
    const failed = pod.exec(['/bin/sh', '-c', 'echo lost >&2; exit 3'], signal);
    await expect(failed).rejects.toThrow(/ended with 3:\nlost/);
  });

  test('refuses what it does not know, rather than to leave it out', async () => {
    const socket = cronJob(env, [{ name: 'tmp2', hostPath: { path: '/' } }]);
    const spec = JSON.parse(
      JSON.stringify(socket).replace('"name":"tmp","mountPath"', '"name":"tmp2","mountPath"'),
    );
    await expect(startPod(cluster, spec)).rejects.toThrow('unknown kind of volume: tmp2');
    const missing = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'backup-config', key: 'NONE' } } }];
    await expect(startPod(cluster, cronJob(missing))).rejects.toThrow('no value for key NONE');
    await expect(startPod({ ...cluster, secrets: {} }, cronJob(env))).rejects.toThrow(
      'no values for Secret redis-secret',
    );
  });
});
