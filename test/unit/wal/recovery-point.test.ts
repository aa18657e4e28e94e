import { expect, test } from '@jest/globals';
import { recoveryPoint } from '../../../runtime/src/wal/recovery-point.ts';

const at = (seconds: number): Date => new Date(seconds * 1000);

test('a moment counts once all that the server had then is stored', () => {
  const point = recoveryPoint();
  expect(point.at()).toBeUndefined();
  point.see({ position: 10n, at: at(1) });
  point.see({ position: 20n, at: at(2) });
  point.see({ position: 30n, at: at(3) });
  point.stored(9n);
  expect(point.at()).toBeUndefined();
  point.stored(20n);
  expect(point.at()).toEqual(at(2));
  point.stored(29n);
  expect(point.at()).toEqual(at(2));
});

test('an idle server moves it on', () => {
  const point = recoveryPoint();
  point.stored(30n);
  point.see({ position: 30n, at: at(3) });
  expect(point.at()).toEqual(at(3));
  point.see({ position: 30n, at: at(60) });
  expect(point.at()).toEqual(at(60));
});

test('moments that are close stand for each other, and never promise too much', () => {
  const point = recoveryPoint();
  point.see({ position: 10n, at: at(1) });
  point.see({ position: 20n, at: at(1.1) });
  point.stored(20n);
  expect(point.at()).toEqual(at(1));
});
