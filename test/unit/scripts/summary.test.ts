import { describe, expect, test } from '@jest/globals';
import { summarize, type JestResult } from '../../../scripts/summary.ts';

const result = (tests: Readonly<Record<string, string>>, status = 'passed'): JestResult => {
  const assertionResults = Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
  const count = (wanted: string) => assertionResults.filter((test) => test.status === wanted).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    success: status === 'passed',
    testResults: [{ name: 'a.test.ts', status, assertionResults }],
  };
};

describe('summarize', () => {
  test('adds suites up', () => {
    expect(summarize([result({ a: 'passed' }), result({ b: 'passed', c: 'passed' })])).toEqual({
      line: '3 passed, 0 failed',
      problems: [],
      passed: true,
    });
  });

  test('a failed test fails the run', () => {
    const { line, passed } = summarize([result({ a: 'passed', b: 'failed' }, 'failed')]);
    expect({ line, passed }).toEqual({ line: '1 passed, 1 failed', passed: false });
  });

  test('a file that does not load counts as a failure', () => {
    const { line, problems, passed } = summarize([result({}, 'failed')]);
    expect({ line, problems, passed }).toEqual({
      line: '0 passed, 1 failed',
      problems: ['FAIL a.test.ts did not load'],
      passed: false,
    });
  });

  test('only what cannot be installed may be skipped', () => {
    const { line, problems, passed } = summarize([
      result({
        'InfluxDB 2.7 dumps': 'pending',
        'PostgreSQL 17 or newer is not in POSTGRESQL_BINS': 'pending',
        'containers (needs root)': 'pending',
        'Redis dumps': 'pending',
      }),
    ]);
    expect({ line, problems, passed }).toEqual({
      line: '0 passed, 1 failed, 3 skipped',
      problems: ['FAIL skipped: Redis dumps'],
      passed: false,
    });
  });
});
