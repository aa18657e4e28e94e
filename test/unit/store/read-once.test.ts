import { expect, test } from '@jest/globals';
import { readOnce } from '../../../runtime/src/store/read-once.ts';
import type { StoredObject } from '../../../runtime/src/store/store.ts';

const objects = (count: number, bytes = 1, modifiedMs = 0): readonly StoredObject[] =>
  Array.from({ length: count }, (_, index) => ({
    key: String(index),
    bytes,
    modified: new Date(modifiedMs),
    tag: String(modifiedMs),
  }));

/** A reader that notes what it reads, and how many at the same time. */
const noted = (isFinal?: (value: string) => boolean) => {
  const seen = { keys: [] as string[], most: 0 };
  let open = 0;
  const { read } = readOnce(async ({ key }) => {
    seen.keys.push(key);
    seen.most = Math.max(seen.most, ++open);
    await new Promise(setImmediate);
    open--;
    return key;
  }, isFinal);
  return { seen, read };
};

test('reads each object once, again when its size or tag changed, and forgets what left', async () => {
  const { seen, read } = noted();
  expect(await read('a', objects(3))).toEqual(['0', '1', '2']);
  await read('a', objects(3));
  expect(seen.keys).toEqual(['0', '1', '2']);
  await read('a', [...objects(1, 2), ...objects(2, 1, 5).slice(1)]);
  expect(seen.keys.slice(3)).toEqual(['0', '1']);
  await read('a', objects(3, 1).slice(2));
  expect(seen.keys.slice(5)).toEqual(['2']);
});

test('reads many small objects at the same time, and few large ones', async () => {
  const small = noted();
  expect(await small.read('a', objects(40))).toEqual(objects(40).map(({ key }) => key));
  expect(small.seen.most).toBe(16);
  const large = noted();
  await large.read('a', objects(10, 5 << 20));
  expect(large.seen.most).toBe(1);
});

test('reads again what was not final', async () => {
  const { seen, read } = noted((value) => value !== '1');
  for (const _ of [1, 2, 3]) await read('a', objects(3));
  expect(seen.keys).toEqual(['0', '1', '2', '1', '1']);
});

test('asks what is known before only once for each group, and takes what is as it was', async () => {
  const { seen, read } = noted();
  const asked: string[] = [];
  const initial = (group: string) => async () => {
    asked.push(group);
    return new Map([
      ['0', { bytes: 1, tag: '0', value: 'known' }],
      ['1', { bytes: 1, tag: 'other', value: 'known' }],
      ['gone', { bytes: 1, tag: '0', value: 'known' }],
    ]);
  };
  for (const _ of [1, 2])
    expect(await read('a', objects(3), { initial: initial('a') })).toEqual(['known', '1', '2']);
  expect([seen.keys, asked]).toEqual([['1', '2'], ['a']]);
});

test('reads again what it is told to, and what a store names no tag of', async () => {
  const { seen, read } = noted();
  await read('a', objects(2));
  await read('a', objects(2), { again: new Set(['1']) });
  expect(seen.keys).toEqual(['0', '1', '1']);
  const untagged = objects(1).map((object) => ({ ...object, tag: '' }));
  for (const _ of [1, 2]) await read('b', untagged);
  expect(seen.keys.slice(3)).toEqual(['0', '0']);
});
