import { expect, test } from '@jest/globals';
import { instantAt } from '../../../../runtime/src/commands/verify/drill-instants.ts';

const at = (minute: number): string => `2026-11-28T00:${String(minute).padStart(2, '0')}:00.000Z`;
const windows = [
  { from: at(0), to: at(10) },
  { from: at(20), to: at(50) },
];

test('every instant that can be restored is as likely as any other, and none in between is drilled', () => {
  expect(instantAt(windows, 0).toISOString()).toBe(at(0));
  expect(instantAt(windows, 0.25).toISOString()).toBe(at(10));
  expect(instantAt(windows, 0.5).toISOString()).toBe(at(30));
  expect(instantAt(windows, 1).toISOString()).toBe(at(50));
  for (let step = 0; step <= 1000; step++) {
    const time = instantAt(windows, step / 1000).toISOString();
    expect(windows.some(({ from, to }) => from <= time && time <= to)).toBe(true);
  }
});

test('a window of one instant is that instant', () => {
  expect(instantAt([{ from: at(5), to: at(5) }], 0.9).toISOString()).toBe(at(5));
});
