import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeFolder, workFolder } from './private-server.ts';

const run = promisify(execFile);

/** Between samples; Prometheus forgets a sample after five minutes. */
const step = '4m';

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

/** Has promtool compare the firing alerts of one name with what is expected. @throws Error with both */
export const checkAlert = (
  groups: unknown,
  alertname: string,
  { series, at }: Scenario,
  expected: readonly ExpectedAlert[],
): Promise<void> =>
  withRules(groups, async (folder) => {
    const alerts = expected.map(({ labels, annotations }) => ({
      exp_labels: labels,
      exp_annotations: annotations,
    }));
    const test = {
      interval: step,
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: at, alertname, exp_alerts: alerts }],
    };
    const file = join(folder, 'test.yaml');
    writeFileSync(
      file,
      JSON.stringify({ rule_files: ['rules.yaml'], evaluation_interval: step, tests: [test] }),
    );
    await run('promtool', ['test', 'rules', file]).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr);
    });
  });
