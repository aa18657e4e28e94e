import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { at, environmentOf, environmentWith, find, objectsOf } from '../../../kit/environments.ts';
import { until } from '../../../kit/until.ts';

const prod = environmentOf('prod');
const restorePod = (environment = prod) => find(objectsOf(environment), 'Pod', 'backup-restore-job');
const spec = (environment = prod) => at(restorePod(environment), 'spec');
const secretVolumes = (environment = prod) =>
  spec(environment).volumes.flatMap(({ secret }: { secret?: object }) => secret ?? []);

test('is found by the label of the seed', () => {
  expect(restorePod().metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'backup-restore-job' });
});

test('holds every secret, and starts although one of a database is missing', () => {
  const optional = Object.fromEntries(
    secretVolumes().map(({ secretName, optional }: { secretName: string; optional?: boolean }) => [
      secretName,
      optional ?? false,
    ]),
  );
  expect(optional).toEqual({
    'backup-encryption-secret': false,
    'backup-notification-secret': true,
    'postgresql-secret': true,
    'influxdb-secret': true,
    'redis-secret': true,
  });
});

test('mounts a Secret that two databases share once, with the keys of both and no others', () => {
  const [first] = prod.targets;
  const second = {
    ...first,
    name: 'archive',
    secret: { name: first!.secret.name, keys: { username: 'user2', password: 'password2' } },
  };
  const volumes = secretVolumes(environmentWith('prod', { targets: [first, second] })).filter(
    ({ secretName }: { secretName: string }) => secretName === 'postgresql-secret',
  );
  const items = ['username', 'password', 'user2', 'password2'].map((key) => ({ key, path: key }));
  expect(volumes).toEqual([{ secretName: 'postgresql-secret', defaultMode: 0o440, items, optional: true }]);
});

test('ends after a day', () => {
  expect(spec().activeDeadlineSeconds).toBe(86_400);
});

/** Whether a process catches SIGTERM, the 15th bit of SigCgt in proc_pid_status(5). */
const catchesTerm = (pid: number): boolean => {
  const mask = /^SigCgt:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
  return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n;
};

test('waits, and leaves at once on SIGTERM', async () => {
  const [program, ...args] = spec().containers[0].command as string[];
  const child = spawn(program!, args, { stdio: 'ignore', detached: true });
  await until(() => catchesTerm(child.pid!));
  await sleep(200);
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  process.kill(-child.pid!, 'SIGKILL'); // its sleep, which in a pod ends with the container
});
