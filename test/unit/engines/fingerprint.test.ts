import { expect, test } from '@jest/globals';
import { contradictions } from '../../../runtime/src/engines/fingerprint.ts';

const manifest = {
  'public.users': { rows: 3, content: 'a1' },
  'grill/autogen': { points: '3..5', series: 2 },
};

test('what both count and is the same contradicts nothing', () => {
  expect(contradictions(manifest, manifest)).toEqual([]);
  expect(contradictions(manifest, { 'public.users': { rows: 3 }, other: { rows: 1 } })).toEqual([]);
  expect(contradictions(manifest, { 'grill/autogen': {} })).toEqual([]);
});

test('what is counted otherwise does', () => {
  const counted = { 'public.users': { rows: 2 }, 'grill/autogen': { points: 4, series: 2 } };
  expect(contradictions(manifest, counted)).toEqual([
    'public.users rows: the manifest says 3, the archive holds 2',
    'grill/autogen points: the manifest says 3..5, the archive holds 4',
  ]);
});
