import { describe, expect, test } from '@jest/globals';
import { admissionCases } from '../cluster/admission-cases.ts';
import { digestOf, readRecordings } from '../cluster/recording.ts';
import { environmentNames, environmentOf, environmentWith, objectsOf } from '../kit/environments.ts';

const recorded = readRecordings().flatMap(({ server, environments }) =>
  environmentNames.map((name) => ({ server, name, ...environments[name] })),
);

describe.each(recorded)('a real API server ($server) under the policies of $name', (answers) => {
  const { name, policies, admission } = answers;
  const cases = admissionCases(environmentOf(name));

  test('was asked with the policies of today: else KUBECONFIG=… npm run test:cluster, and commit', () => {
    expect(policies).toBe(digestOf(name));
    expect(Object.keys(admission)).toEqual(cases.map(({ title }) => title));
  });

  test.each(cases.filter(({ denied }) => !denied))('allows $title', ({ title }) => {
    expect(admission[title]).toBe('allowed');
  });

  test.each(cases.filter(({ denied }) => denied))('denies $title', ({ title, who }) => {
    const policy = who === 'oncall' ? 'grill-stats-backup-jobs' : 'grill-stats-backup-restore-pod';
    expect(admission[title]).toMatch(new RegExp(`^${policy}: `));
  });
});

const policiesWith = (access: object): readonly string[] =>
  objectsOf(environmentWith('prod', { access }))
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    .map(({ metadata }) => metadata.name);

test('a policy is made for groups that are named, and for none where the cluster is too old', () => {
  expect(policiesWith({ oncallGroups: ['a'] })).toEqual(['grill-stats-backup-jobs']);
  expect(policiesWith({ restoreGroups: ['a'] })).toEqual(['grill-stats-backup-restore-pod']);
  expect(policiesWith({})).toEqual([]);
  expect(policiesWith({ oncallGroups: ['a'], restoreGroups: ['b'], admissionPolicies: false })).toEqual([]);
});

test('the names of groups are data in an expression', () => {
  const group = `o'brien" || true || "`;
  const [policy] = objectsOf(environmentWith('prod', { access: { oncallGroups: [group] } })).filter(
    ({ kind }) => kind === 'ValidatingAdmissionPolicy',
  );
  const { matchConditions } = policy!['spec'] as { matchConditions: { expression: string }[] };
  expect(matchConditions[0]!.expression).toBe(
    `request.userInfo.groups.exists(group, group in [${JSON.stringify(group)}])`,
  );
});
