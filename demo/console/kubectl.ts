/** `kubectl` of the demo: runs the commands that the console prints for a restore. It knows the restore pod alone. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { names } from '../../runtime/src/contract/names.ts';
import { inPlace, type Surroundings } from '../pod/pod.ts';

const [description = '', verb = '', ...args] = process.argv.slice(2);

/** The demo made the pod, and ends it. */
const alreadyDone: Readonly<Record<string, string>> = {
  replace: `pod/${names.restorePod} runs since the demo started the console`,
  wait: `pod/${names.restorePod} condition met`,
  delete: `pod/${names.restorePod} ends with the demo`,
};

/** The command after `--`, in that pod, with this terminal. */
const execute = (): void => {
  const surroundings = JSON.parse(readFileSync(description, 'utf8')) as Surroundings;
  const { identity, env } = surroundings;
  const [program = '', ...rest] = inPlace(args.slice(args.indexOf('--') + 1), surroundings);
  const child = spawn(program, rest, { ...identity, env, cwd: '/', stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', ({ message }) => fail(message));
  child.on('exit', (code) => (process.exitCode = code ?? 1));
};

const fail = (problem: string): void => {
  console.error(`kubectl of the demo: ${problem}`);
  process.exitCode = 1;
};

const said = alreadyDone[verb];
if (!args.some((arg) => arg.includes(names.restorePod))) fail(`there is only pod ${names.restorePod} here`);
else if (said !== undefined) console.log(said);
else if (verb === 'exec' && args.includes('--')) execute();
else fail(`only exec, replace, wait and delete of pod ${names.restorePod} are there`);
