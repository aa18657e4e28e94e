import { describe, expect, test } from '@jest/globals';
import { archivesFacts } from '../../../runtime/src/health/archives-state.ts';
import { recoverable } from '../../../runtime/src/health/target-state.ts';
import type { KnownArchive } from '../../../runtime/src/archives/known.ts';
import { anomalyPolicy } from '../../../runtime/src/health/anomaly/policy.ts';
import { retentionPolicy } from '../../../runtime/src/retention/decision.ts';
import type { Tier } from '../../../runtime/src/archives/layout.ts';
import type { Verification } from '../../../runtime/src/archives/manifest.ts';
import type { Target } from '../../../runtime/src/plan/schema.ts';

const now = new Date('2024-01-31T12:00:00.000Z');
const target = { name: 'redis', rpo: '24h', rto: '10m', deadline: '1h' } as Target;

const plan = { anomalies: anomalyPolicy.parse({}), retention: retentionPolicy.parse({}) };

const archive = (
  secondsAgo: number,
  tier: Tier = 'daily',
  verifications: readonly Verification[] = [],
): KnownArchive => {
  const startedAt = new Date(now.getTime() - secondsAgo * 1000).toISOString();
  const manifest = { id: startedAt, tier, startedAt, finishedAt: startedAt, verifications, fingerprint: {} };
  return {
    key: `${tier} ${secondsAgo}`,
    manifest: { ...manifest, sourceBytes: 100, archiveBytes: 10 } as unknown as KnownArchive['manifest'],
  };
};

const stateOf = (archives: readonly KnownArchive[]) => ({
  target,
  ...archivesFacts(plan, target, { objects: [], archives, setAside: [] }),
});

const passed: Verification = { at: '2024-01-31T06:00:00.000Z', level: 'deep', ok: true };

const pointOf = (archives: readonly KnownArchive[]) => recoverable(stateOf(archives), {}, now);

describe('the recovery point', () => {
  test.each([
    ['as old as the RPO', 86_400, true],
    ['a millisecond older', 86_400.001, false],
  ])('of an archive %s', (_, seconds, withinRpo) => {
    expect(pointOf([archive(seconds)])).toMatchObject({ ageSeconds: seconds, withinRpo });
  });

  test('is missed without an archive, and by safety archives alone', () => {
    for (const archives of [[], [archive(60, 'safety')]]) {
      expect(stateOf(archives).newest).toBeUndefined();
      expect(pointOf(archives)).toEqual({ withinRpo: false });
    }
  });

  test('is that of the newest archive of any tier but safety', () => {
    const archives = [archive(90_000), archive(3600, 'weekly'), archive(60, 'safety')];
    expect(stateOf(archives).newest?.key).toBe('weekly 3600');
    expect(pointOf(archives).withinRpo).toBe(true);
  });
});

test('what was verified is the newest archive that passed, and the latest time that one did', () => {
  const earlier = { ...passed, at: '2024-01-30T06:00:00.000Z' };
  const failing = { ...passed, at: '2024-01-31T09:00:00.000Z', ok: false, problem: 'archive.damaged' };
  const state = stateOf([
    archive(172_800, 'daily', [passed]),
    archive(86_400, 'daily', [earlier]),
    archive(3600, 'daily', [failing]),
    archive(60, 'safety', [passed]),
  ]);
  expect(state.verifiedPoint).toBe(new Date(now.getTime() - 86_400_000).toISOString());
  expect(state.verifiedAt).toBe(passed.at);
});
