import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeFolder, workFolder } from './private-server.ts';

const run = promisify(execFile);

/** Between samples; Prometheus forgets a sample after five minutes. */
const step = '4m';

/** The same in milliseconds, for those who make samples. */
export const stepMs = 4 * 60_000;

/** A course of events: samples of each series every four minutes, in promtool's notation (`0x60`, `1x5 2x9`). */
export interface Scenario {
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at: `26h`. */
  readonly at: string;
}

/** Writes rule groups where promtool finds them, and hands over the folder. YAML is a superset of JSON. */
const withRules = async <T>(groups: unknown, use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = workFolder('promtool');
  try {
    writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ groups }));
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
};

/** Output of `promtool check rules`. @throws Error with its output if it finds a mistake */
export const checkRules = (groups: unknown): Promise<string> =>
  withRules(
    groups,
    async (folder) => (await run('promtool', ['check', 'rules', join(folder, 'rules.yaml')])).stdout,
  );

export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A scenario, and the alerts of one name that fire at its end. */
export interface AlertCase extends Scenario {
  readonly story: string;
  readonly expected: readonly ExpectedAlert[];
}

/** Runs `promtool test rules` on test groups. @throws Error with its output */
const testRules = (groups: unknown, tests: readonly object[]): Promise<void> =>
  withRules(groups, async (folder) => {
    const file = join(folder, 'test.yaml');
    const text = JSON.stringify({ rule_files: ['rules.yaml'], evaluation_interval: step, tests });
    writeFileSync(file, text);
    await run('promtool', ['test', 'rules', file]).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr);
    });
  });

const inputOf = ({ series }: Pick<Scenario, 'series'>) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }));

interface Group {
  readonly name: string;
  readonly rules: readonly { readonly alert: string }[];
}

/** One rule alone is evaluated much faster than all. */
const onlyRule = (groups: readonly Group[], name: string): readonly Group[] =>
  groups.map((group) => ({ ...group, rules: group.rules.filter(({ alert }) => alert === name) }));

/** Has promtool compare the firing alerts of one name with what is expected, case by case. */
export const checkAlert = (
  groups: readonly Group[],
  alertname: string,
  cases: readonly AlertCase[],
): Promise<void> =>
  testRules(
    onlyRule(groups, alertname),
    cases.map(({ story, at, expected, ...scenario }) => {
      const alerts = expected.map(({ labels, annotations }) => ({
        exp_labels: labels,
        exp_annotations: annotations,
      }));
      return {
        name: story,
        interval: step,
        input_series: inputOf(scenario),
        alert_rule_test: [{ eval_time: at, alertname, exp_alerts: alerts }],
      };
    }),
  );

/** Has promtool find which alerts fire at any time until `at`, by name. */
export const checkFired = (
  groups: readonly Group[],
  { series, at }: Scenario,
  expected: readonly string[],
): Promise<void> => {
  const samples = expected.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 }));
  const fired = `count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[${at}])) > bool 0`;
  const found = { expr: fired, eval_time: at, exp_samples: samples };
  return testRules(groups, [
    { interval: step, input_series: inputOf({ series }), promql_expr_test: [found] },
  ]);
};
