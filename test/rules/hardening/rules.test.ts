import { describe, expect, test } from '@jest/globals';
import { rules } from '../../kit/hardening/index.ts';
import { cisSections, kinds, kubeLinterChecks, kubesecRules, leftOut } from '../../kit/hardening/left-out.ts';
import { podsOf } from '../../kit/environments.ts';
import { systems } from '../../kit/systems.ts';

/** A tag may stand for the image while it is developed. */
const exempt: Readonly<Record<string, readonly string[]>> = { dev: ['has its image by digest'] };

describe.each(Object.entries(systems))('%s', (system, objects) => {
  test.each(rules.map((rule) => [rule.name, rule.sources.join(', '), rule] as const))(
    '%s (%s)',
    (name, _, rule) => {
      const violations = rule.violations(objects);
      if (exempt[system]?.includes(name)) expect(violations).not.toEqual([]);
      else expect(violations).toEqual([]);
    },
  );

  test('every workload is looked at', () => {
    const owners = podsOf(objects).map(({ owner }) => owner.split(' ')[0]);
    expect(new Set(owners)).toEqual(new Set(['CronJob', 'Deployment', 'Pod']));
  });
});

test('no two rules have one name', () => {
  const names = rules.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe('no check is forgotten', () => {
  const encoded = new Set(rules.flatMap(({ sources }) => sources));
  const withPrefix = (prefix: string, text: string) => text.split(' ').map((id) => `${prefix} ${id}`);
  const checks = [
    ...withPrefix('kube-linter', kubeLinterChecks),
    ...withPrefix('kubesec', kubesecRules),
    ...withPrefix('CIS', cisSections),
  ];

  test('each is encoded by a rule, or left out with a reason', () => {
    expect(checks.filter((check) => !encoded.has(check) && !leftOut[check])).toEqual([]);
  });

  test('none is both', () => {
    expect(Object.keys(leftOut).filter((check) => encoded.has(check) || !checks.includes(check))).toEqual([]);
  });

  test('no rule names a check that there is not', () => {
    const known = [
      ...checks,
      'NSA',
      'PSS',
      'exit-codes.ts',
      'Kubernetes API batch/v1',
      'Kubernetes API core/v1',
      'golden',
    ];
    expect([...encoded].filter((source) => !known.includes(source))).toEqual([]);
  });

  test('the kinds are those that checks were left out for', () => {
    const made = new Set(Object.values(systems).flatMap((objects) => objects.map(({ kind }) => kind)));
    expect([...made].sort()).toEqual(kinds);
  });
});
