import { expect, test } from '@jest/globals';
import { drillsOf } from '../../../runtime/src/archives/facts.ts';
import { drillsState, logDrillsState } from '../../../runtime/src/health/drills-state.ts';
import { drill, failed, recordOf } from '../../kit/run-records.ts';

const at = (day: number): string => `2024-01-${String(day).padStart(2, '0')}T03:00:00.000Z`;

const remembering = (day: number, ok: boolean, seconds?: number) => ({
  verifications: [
    { at: at(day), level: 'drill' as const, ok, ...(seconds !== undefined && { seconds }) },
    { at: at(28), level: 'deep' as const, ok: true },
  ],
});

test('nothing is known without a drill, whatever other verifications there were', () => {
  expect(
    drillsState(
      drillsOf(
        [remembering(3, true)].map(({ verifications }) => ({ verifications: verifications.slice(1) })),
      ),
      [],
    ),
  ).toEqual({});
  expect(drillsState([], [])).toEqual({});
});

test('archives remember drills whose records are gone', () => {
  expect(drillsState(drillsOf([remembering(3, false), remembering(2, true, 30)]), [])).toEqual({
    last: { at: at(3), ok: false },
    lastGood: { at: at(2), ok: true, seconds: 30 },
    measuredSeconds: 30,
  });
});

test('a drill that could not run is the last one, and leaves what earlier ones measured', () => {
  const unavailable = recordOf(5, { ...drill, ...failed('drill.unavailable') });
  expect(drillsState(drillsOf([remembering(3, true, 30)]), [unavailable])).toEqual({
    last: { at: at(5), ok: false },
    lastGood: { at: at(3), ok: true, seconds: 30 },
    measuredSeconds: 30,
  });
});

test('a record tells what its drill measured', () => {
  expect(drillsState([], [recordOf(5, drill)])).toMatchObject({
    last: { at: at(5), ok: true, seconds: 42 },
    measuredSeconds: 42,
  });
});

test('an instant of the log that was not recovered says nothing of the archives, and they say nothing of it', () => {
  const figures = { level: 'drill', restoreSeconds: 42, failed: 1, instantsFailed: 1 } as const;
  const runs = [recordOf(5, { command: 'verify', ...failed('verification.failed'), figures })];
  expect(drillsState([], runs)).toMatchObject({ last: { at: at(5), ok: true, seconds: 42 } });
  expect(logDrillsState(runs)).toMatchObject({ last: { at: at(5), ok: false } });
  const ofArchive = { level: 'drill', failed: 1, instantsFailed: 0, instantSeconds: 7 } as const;
  const others = [recordOf(6, { command: 'verify', ...failed('verification.failed'), figures: ofArchive })];
  expect(drillsState([], others)).toMatchObject({ last: { at: at(6), ok: false } });
  expect(logDrillsState(others)).toMatchObject({ last: { at: at(6), ok: true, seconds: 7 } });
});

test('the last agreement of log and archive outlives drills that compared nothing', () => {
  const of = (more: object) => ({
    command: 'verify' as const,
    figures: { level: 'drill', instantsFailed: 0, instantSeconds: 7, ...more },
  });
  const runs = [recordOf(5, of({})), recordOf(4, of({ agreed: 'a.tar.zst.enc' })), recordOf(3, drill)];
  expect(logDrillsState(runs)).toEqual({
    last: { at: at(5), ok: true, seconds: 7 },
    lastGood: { at: at(5), ok: true, seconds: 7 },
    measuredSeconds: 7,
    agreedAt: at(4),
  });
  expect(logDrillsState([recordOf(3, drill)])).toEqual({});
});
