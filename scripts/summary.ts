/** The part of `jest --json` that the closing line is made of. */
export interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** False also where a file could not be loaded, which fails no single test. */
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Summary {
  /** `N passed, N failed`, and `, N skipped` where some were. */
  readonly line: string;
  /** One line each, for people. */
  readonly problems: readonly string[];
  readonly passed: boolean;
}

/** A test may be skipped only where it names what `scripts/setup` cannot bring: a component that neither npm nor Debian holds, or root. */
const uninstallable = /InfluxDB 2|PostgreSQL 17|needs root/;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Files that failed without a failed test of their own: they did not load. */
const unloaded = ({ testResults }: JestResult): readonly string[] =>
  testResults
    .filter(
      ({ status, assertionResults: tests }) =>
        status === 'failed' && !tests.some((test) => test.status === 'failed'),
    )
    .map(({ name }) => name);

const skipped = ({ testResults }: JestResult): readonly string[] =>
  testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => fullName);

/** The closing line of a run of several suites. */
export const summarize = (results: readonly JestResult[]): Summary => {
  const broken = results.flatMap(unloaded);
  const skips = results.flatMap(skipped);
  const forbidden = skips.filter((name) => !uninstallable.test(name));
  const passed = sum(results.map((result) => result.numPassedTests));
  const failed = sum(results.map((result) => result.numFailedTests)) + broken.length + forbidden.length;
  const allowed = skips.length - forbidden.length;
  return {
    line: `${passed} passed, ${failed} failed${allowed ? `, ${allowed} skipped` : ''}`,
    problems: [
      ...broken.map((name) => `FAIL ${name} did not load`),
      ...forbidden.map((name) => `FAIL skipped: ${name}`),
    ],
    passed: failed === 0 && results.every(({ success }) => success),
  };
};
