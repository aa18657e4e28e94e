import { expect, test } from '@jest/globals';
import { choiceOfParts } from '../../../runtime/src/archives/parts/choice.ts';
import { planOfOne } from '../../kit/plans.ts';

const target = (more: object, engine?: string) => planOfOne(more, engine).targets[0]!;

const gib = 2 ** 30;
const counting = { connection: { host: 'h', count: 'server' } };

test.each([
  ['a small one', {}, gib - 1, false, '1024 MiB is less than 1 GiB'],
  ['a large one', {}, gib, true, '1 GiB is at least 1 GiB'],
  ['a large one, by the word for it', { parts: 'auto' }, 3 * gib, true, '3 GiB is at least 1 GiB'],
  ['one without archives', {}, undefined, false, 'no archive tells yet how large it is'],
  ['what the plan says', { parts: true }, 1, true, 'the plan says so'],
  ['what the plan says not', { parts: false }, 3 * gib, false, 'the plan says so'],
  ['what queries count', { ...counting, parts: true }, 3 * gib, false, /^connection.count is server/],
])('%s', (_, more, bytes, isParted, reason) => {
  const choice = choiceOfParts(target(more), bytes);
  expect(choice?.isParted).toBe(isParted);
  expect(choice?.reason).toMatch(reason);
});

test('an engine without parts has no choice', () => {
  expect(choiceOfParts(target({}, 'redis'), 3 * gib)).toBeUndefined();
});

test('a plan that wants parts of it is refused', () => {
  expect(() => target({ parts: 'auto' }, 'redis')).toThrow('Redis cannot tell what did not change');
});
