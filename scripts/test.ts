import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { summarize, type JestResult } from './summary.ts';

const {
  values: { shard },
} = parseArgs({
  options: {
    /** Part of the test files, `2/3` for the second third, so that several machines share them. Static checks are in the first. */
    shard: { type: 'string' },
  },
});

const work = '.work';
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** Static checks: name → argv. Each counts as one check in the closing line. */
const checks: Readonly<Record<string, readonly string[]>> = {
  typecheck: ['tsc', '--noEmit'],
  lint: ['eslint', '.'],
  format: ['prettier', '--check', '--log-level=warn', '.'],
  manifests: ['npm', 'run', '--silent', 'synth:check'],
  docs: ['npm', 'run', '--silent', 'docs:check'],
};

/**
 * Jest projects of jest.config.json. Integration tests wait for servers more than they compute, and none counts on
 * time: two files run side by side. A server that a failed test left must not keep the run from ending.
 */
const suites: Readonly<Record<string, readonly string[]>> = {
  unit: [],
  integration: ['--maxWorkers=2', '--forceExit'],
};

const succeeds = async ([program, ...args]: readonly string[]): Promise<boolean> => {
  const child = spawn(mustExist(program, 'program'), args, { stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
};

const step = async (name: string, argv: readonly string[]): Promise<boolean> => {
  const started = performance.now();
  const passed = await succeeds(argv);
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return passed;
};

const check = async ([name, argv]: [string, readonly string[]]): Promise<JestResult> => {
  const passed = await step(name, argv);
  return {
    numPassedTests: Number(passed),
    numFailedTests: Number(!passed),
    success: passed,
    testResults: [],
  };
};

const suite = async ([project, options]: [string, readonly string[]]): Promise<JestResult> => {
  const report = `${work}/jest-${project}.json`;
  writeFileSync(report, '');
  const args = ['--selectProjects', project, '--json', `--outputFile=${report}`, ...options];
  if (shard) args.push(`--shard=${shard}`);
  const passed = await step(project, ['node', ...jest, ...args]);
  const text = readFileSync(report, 'utf8');
  return text
    ? (JSON.parse(text) as JestResult)
    : { numPassedTests: 0, numFailedTests: 1, success: passed, testResults: [] };
};

mkdirSync(work, { recursive: true });
const results: JestResult[] = [];
for (const entry of Object.entries(!shard || shard.startsWith('1/') ? checks : {}))
  results.push(await check(entry));
for (const entry of Object.entries(suites)) results.push(await suite(entry));
const { line, problems, passed } = summarize(results);
problems.forEach((problem) => console.log(problem));
console.log(line);
writeFileSync(`${work}/test-summary`, `${line}\n`);
process.exitCode = passed ? 0 : 1;
