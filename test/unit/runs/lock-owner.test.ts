import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { isDead, ownerSchema, thisProcess } from '../../../runtime/src/runs/lock-owner.ts';

const id = 'ab'.repeat(8);

test('the owner of a lock is this process of this machine, in a form that a lock holds', () => {
  const owner = thisProcess(id, 'backup');
  expect(owner).toMatchObject({ host: hostname(), pid: process.pid, id, command: 'backup' });
  expect(ownerSchema.parse(owner)).toEqual(owner);
  expect(isDead(owner)).toBe(false);
});

test('an owner is dead once its process has ended, or its id belongs to another process', async () => {
  const own = thisProcess(id, 'backup');
  const child = spawn('true');
  await once(child, 'close');
  expect(isDead({ ...own, pid: child.pid! })).toBe(true);
  expect(isDead({ ...own, instance: own.instance!.replace(/\d+$/, '1') })).toBe(true);
});

test('an owner elsewhere is not taken for dead: its process cannot be seen from here', () => {
  const { instance, ...own } = thisProcess(id, 'backup');
  expect(isDead({ ...own, pid: 2 ** 22 })).toBe(false);
  expect(isDead({ ...own, instance: `another-boot/${instance!}` })).toBe(false);
});
