import { describe, expect, test } from '@jest/globals';
import type { Tree, Value } from '../../../../src/review/change.ts';
import { difference } from '../../../../src/review/compare.ts';
import { readable } from '../../../../src/review/readable.ts';

const paths = (before: Value, after: Value): readonly string[] =>
  difference('', before, after).map(
    ({ path, before: old, after: now }) => `${path}: ${JSON.stringify(old)} → ${JSON.stringify(now)}`,
  );

describe('difference', () => {
  test('order of keys, and of lists that are sets, means nothing', () => {
    const before = {
      a: 1,
      verbs: ['get', 'list'],
      env: [{ name: 'A' }, { name: 'B' }],
      rules: [{ x: 1 }, { x: 2 }],
    };
    const after = {
      rules: [{ x: 2 }, { x: 1 }],
      env: [{ name: 'B' }, { name: 'A' }],
      verbs: ['list', 'get'],
      a: 1,
    };
    expect(paths(before, after)).toEqual([]);
  });

  test('order of a command does', () => {
    expect(paths({ command: ['a', 'b'] }, { command: ['b', 'a'] })).toEqual([
      'command: ["a","b"] → ["b","a"]',
    ]);
  });

  test('elements are told apart by their name or mount path', () => {
    const mounts = (readOnly: boolean): Tree => ({
      volumeMounts: [
        { name: 'v', mountPath: '/a', readOnly },
        { name: 'v', mountPath: '/b' },
      ],
    });
    expect(paths(mounts(true), mounts(false))).toEqual(['volumeMounts[/a].readOnly: true → false']);
    expect(
      paths({ c: [{ name: 'x', image: 'a' }] }, { c: [{ name: 'y' }, { name: 'x', image: 'b' }] }),
    ).toEqual(['c[x].image: "a" → "b"', 'c[y]: undefined → {"name":"y"}']);
  });

  test('what has no name is paired by order where as many came as went, else it came or went', () => {
    expect(
      paths({ r: [{ v: ['get'] }, { v: ['list'] }] }, { r: [{ v: ['get'] }, { v: ['list', 'watch'] }] }),
    ).toEqual(['r[1].v[]: undefined → "watch"']);
    expect(paths({ r: [{ v: 1 }] }, { r: [{ v: 2 }, { v: 3 }] })).toEqual([
      'r[]: {"v":1} → undefined',
      'r[]: undefined → {"v":2}',
      'r[]: undefined → {"v":3}',
    ]);
  });

  test('an emptied list is one change, since an empty one may mean everything', () => {
    expect(paths({ to: [{ a: 1 }] }, { to: [] })).toEqual(['to: [{"a":1}] → []']);
  });

  test('another kind of value is one change', () => {
    expect(paths({ a: { b: 1 } }, { a: [1] })).toEqual(['a: {"b":1} → [1]']);
    expect(paths({ a: '1' }, { a: 1 })).toEqual(['a: "1" → 1']);
  });
});

describe('readable', () => {
  const config = (plan: Tree): Tree => ({
    kind: 'ConfigMap',
    data: { 'plan.json': JSON.stringify(plan), 'a.sh': '{"x":1}' },
  });
  const keys = [{ id: 'first' }, { id: 'second' }];

  test('plan.json is read, with the retention that counts for each target and the key that seals', () => {
    const plan: Tree = {
      retention: { days: 30, weekly: 4 },
      encryption: { keys },
      targets: [{ name: 'a' }, { name: 'b', retention: { days: 7 } }],
    };
    expect(readable(config(plan))['data']).toEqual({
      'a.sh': '{"x":1}',
      'plan.json': {
        retention: { days: 30, weekly: 4 },
        encryption: { keys, sealedBy: 'first' },
        targets: [
          { name: 'a', retention: { days: 30, weekly: 4 } },
          { name: 'b', retention: { days: 7, weekly: 4 } },
        ],
      },
    });
  });

  test('the checksum of the plan, which says nothing new, is left out', () => {
    expect(readable({ spec: { annotations: { 'checksum/plan': 'x', note: 'y' } } })).toEqual({
      spec: { annotations: { note: 'y' } },
    });
  });
});
