import { expect, test } from '@jest/globals';
import { archivesFacts, type ArchivesState } from '../../../runtime/src/health/archives-state.ts';
import { anomalyPolicy } from '../../../runtime/src/health/anomaly/policy.ts';
import { runsState } from '../../../runtime/src/health/runs-state.ts';
import { targetState } from '../../../runtime/src/health/target-state.ts';
import { retentionPolicy } from '../../../runtime/src/retention/decision.ts';
import type { RunRecord } from '../../../runtime/src/runs/records.ts';
import { drill, failed, recordOf } from '../../kit/run-records.ts';

const now = new Date('2024-01-31T12:00:00.000Z');
const target = {
  name: 'redis',
  rto: '40s',
  deadline: '1h',
  schedule: '0 2 * * *',
} as ArchivesState['target'];
const plan = { anomalies: anomalyPolicy.parse({}), retention: retentionPolicy.parse({}) };
const nothing = { objects: [], archives: [], setAside: [] };
const archives: ArchivesState = { ...archivesFacts(plan, target, nothing), target, setAside: [] };

const stateOf = (records: readonly RunRecord[], lock?: Parameters<typeof targetState>[2]) =>
  targetState(archives, runsState(records), lock, {}, now);

const measured = (restoreSeconds: number) => ({ ...drill, figures: { ...drill.figures, restoreSeconds } });

test.each([
  ['within the RTO', recordOf(5, measured(40)), true],
  ['over it', recordOf(5, measured(40.1)), false],
  ['that failed', recordOf(5, { ...drill, ...failed('restore.mismatch') }), false],
])('a drill %s', (_, record, withinRto) => expect(stateOf([record]).withinRto).toBe(withinRto));

test('without a drill, nothing is known of the RTO', () => {
  expect(stateOf([recordOf(5)]).withinRto).toBeUndefined();
});

test('a lock that was released is none', () => {
  const found = { key: 'locks/redis/00000001.json', generation: 1 };
  expect(stateOf([], { ...found, state: 'released' }).lock).toBeUndefined();
  expect(stateOf([], { ...found, state: 'expired' }).lock).toMatchObject({ state: 'expired' });
});

test('the next run is that of the schedule', () => {
  expect(stateOf([]).nextRunAt).toBe('2024-02-01T02:00:00.000Z');
});
