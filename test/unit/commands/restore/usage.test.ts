import { expect, test } from '@jest/globals';
import { runProgram } from '../../../../runtime/src/cli/program.ts';
import { silentSession } from '../../../kit/session.ts';

const restore = (...args: readonly string[]): Promise<unknown> => {
  const { session } = silentSession(() => Promise.reject(new Error('the plan was opened')));
  return runProgram(session, ['restore', ...args]);
};

test.each([
  [['full', 'a.tar.gz.enc'], /takes the newest archive of each target/],
  [['full', '--only', 'public.users'], /about one target/],
  [['full', '--into', 'copy'], /about one target/],
  [['full', '--merge'], /about one target/],
  [['postgresql', '--into', 'copy', '--test'], /--test keeps nothing/],
  [['redis', '--into', '3', '--merge'], /leaves the live data alone/],
  [['redis', '--merge', '--test'], /touches none/],
  [['redis', '--stop-services', '--test'], /--test and --into touch none/],
  [['redis', '--stop-services', '--into', '3'], /--test and --into touch none/],
  [['full', '--before-xid', '700'], /about one target/],
  [['full', '--to', 'latest'], /a time only/],
  [['full', '--to', '0/16B3748'], /a time only/],
  [['postgresql', '--data-directory', '/pgdata'], /name it by --to/],
  [['postgresql', '--to', 'latest', '--data-directory', '/pgdata', '--test'], /touches none/],
])('%j makes no sense, and is refused before anything is read', async (args, message) => {
  await expect(restore(...args)).rejects.toEqual(
    expect.objectContaining({ code: 'usage.invalid', message: expect.stringMatching(message) }),
  );
});

test.each([
  [['full', '--jobs', '4']],
  [['postgresql', '--only', 'public.users', '--test']],
  [['postgresql', 'a.tar.gz.enc', '--only', 'a.b', 'c.d', '--into', 'copy', '--jobs', '2']],
  [['redis', '--only', 'session:*', '--merge', '--dry-run']],
  [['influxdb', '--only', 'grill-stats/temperature', '--into', 'copy']],
  [['full', '--stop-services', '--dry-run']],
  [['full', '--to', '2026-11-28 03:14:00']],
  [['postgresql', '--to', 'latest', '--data-directory', '/pgdata']],
])('%j makes sense', async (args) => {
  await expect(restore(...args)).rejects.toThrow('the plan was opened');
});
