/** `make bench ARGS="[suite ...] [flags]"`: bench/README.md. */
import { parseArgs } from 'node:util';
import { record, reportText } from './harness/report.ts';
import type { Suite } from './harness/suite.ts';
import { suites } from './suites.ts';

const common = {
  /** Contenders take turns this often; medians are printed. */
  rounds: { type: 'string', default: '3' },
  /** Writes the report into docs/reference/benchmarks.md as well. */
  record: { type: 'boolean', default: false },
} as const;

const args = process.argv.slice(2);
const isName = (arg: string): boolean => suites.some(({ name }) => name === arg);
const flags = args.filter((arg) => !isName(arg));
const chosen = args.some(isName) ? suites.filter(({ name }) => args.includes(name)) : suites;

const runSuite = async (suite: Suite): Promise<void> => {
  const { values } = parseArgs({ args: flags, options: { ...common, ...suite.flags } });
  const rounds = Number(values.rounds);
  const text = reportText(await suite.run(rounds, values), rounds);
  process.stdout.write(`\n${suite.name}: ${text}\n`);
  if (values.record) record(suite.name, flags.filter((flag) => flag !== '--record').join(' '), text);
};

for (const suite of chosen) await runSuite(suite);
