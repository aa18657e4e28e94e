import { expect, test } from '@jest/globals';
import { lockWaitSeconds, whenFree } from '../../../runtime/src/runs/lock-wait.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { testRun } from '../../kit/run.ts';

const refusing = (error: Error) => {
  const tries: number[] = [];
  const take = (): Promise<never> => {
    tries.push(tries.length);
    return Promise.reject(error);
  };
  return { take, tries };
};

const held = new BackupError('lock.held', 'redis is locked by restore on node-1 (pid 1)');

test('a quarter of its deadline is what a Job waits, and a person does not wait', () => {
  expect([lockWaitSeconds(3600), lockWaitSeconds(1800), lockWaitSeconds(undefined)]).toEqual([900, 450, 0]);
});

test('a lock that stays held is asked for again until the time is over', async () => {
  const { take, tries } = refusing(held);
  await expect(whenFree(testRun(), 'redis', 3, take)).rejects.toBe(held);
  expect(tries).toHaveLength(3); // at 0, 2 and 4 s
}, 30_000);

test.each([
  ['without a wait', 0, held],
  ['after another error', 900, new BackupError('store.failed', 'no answer')],
])('%s nothing is tried again', async (_, seconds, error) => {
  const { take, tries } = refusing(error);
  await expect(whenFree(testRun(), 'redis', seconds, take)).rejects.toBe(error);
  expect(tries).toHaveLength(1);
});
