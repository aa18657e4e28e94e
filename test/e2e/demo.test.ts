import { describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const minuteMs = 60_000;

interface Demo {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves to exit code or signal. */
  readonly ended: Promise<number | string>;
}

/** Runs the demo with temporary files in `folder`, so that what it leaves, files or processes, can be told apart. */
const startDemo = (folder: string, ...args: readonly string[]): Demo => {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, ['demo/main.ts', ...args], { cwd: repository, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, output: () => output, ended };
};

const untilPrinted = async ({ child, output, ended }: Demo, text: string): Promise<void> => {
  const running = { still: true };
  void ended.then(() => (running.still = false));
  while (!output().includes(text)) {
    if (!running.still) throw new Error(`the demo ended before it printed ${text}: ${output()}`);
    await Promise.race([once(child.stdout!, 'data'), ended]);
  }
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
};

/** Command lines of the processes whose arguments or environment name a folder. */
const processesIn = (folder: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => ['cmdline', 'environ'].some((file) => textOf(join('/proc', pid, file)).includes(folder)))
    .map((pid) => textOf(join('/proc', pid, 'cmdline')).replaceAll('\0', ' '));

const inFolder = async (use: (folder: string) => Promise<void>, parent = tmpdir()): Promise<void> => {
  const folder = await mkdtemp(join(parent, 'grill-e2e-'));
  await chmod(folder, 0o711); // servers run as another user
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The closing table as rows by target and column. */
const tableOf = (output: string): Record<string, Record<string, string>> => {
  const lines = output.split('\n').map((line) => line.trim().split(/\s{2,}/));
  const start = lines.findIndex((cells) => cells[0] === 'target' && cells.includes('equal'));
  const head = lines[start]!;
  const rows = lines.slice(start + 1, start + 4);
  return Object.fromEntries(
    rows.map((cells) => [cells[0]!, Object.fromEntries(head.map((name, i) => [name, cells[i]!]))]),
  );
};

describe('the demo', () => {
  test(
    'restores all three databases, equal to what they were, shows them in the console until it is stopped, and leaves only manifests',
    () =>
      inFolder(async (folder) => {
        const demo = startDemo(folder, '--size', '4M', '--console');
        await untilPrinted(demo, 'Ctrl-C ends');
        const [, url, token] = /Open (\S+) and sign in with this token:\s+(\S+)/.exec(demo.output())!;
        const ask = () => fetch(`${url}/api/v1/targets`, { headers: { authorization: `Bearer ${token}` } });
        const { targets } = (await (await ask()).json()) as { targets: { archives: number }[] };
        expect(targets.map(({ archives }) => archives > 0)).toEqual([true, true, true]);
        demo.child.kill('SIGTERM');
        const code = await demo.ended;
        await expect(ask()).rejects.toThrow('fetch failed');
        const table = tableOf(demo.output());
        expect(Object.keys(table)).toEqual(['postgresql', 'influxdb', 'redis']);
        for (const row of Object.values(table)) expect(row).toMatchObject({ verified: 'yes', equal: 'yes' });
        expect(code).toBe(0);
        expect(await readdir(folder)).toEqual([]);
        expect(processesIn(folder)).toEqual([]);
        expect(await readdir(join(repository, '.work/demo/manifests/dev'))).toContain('cron-jobs.yaml');
      }),
    5 * minuteMs,
  );

  test(
    'recovers from S3 alone when servers and volume are lost, and tells the time of each step',
    () =>
      inFolder(async (folder) => {
        const demo = startDemo(folder, '--size', '4M', '--disaster');
        const code = await demo.ended;
        for (const row of Object.values(tableOf(demo.output())))
          expect(row).toMatchObject({ verified: 'yes', equal: 'yes' });
        for (const target of ['postgresql', 'influxdb', 'redis'])
          expect(demo.output()).toMatch(new RegExp(`${target} from s3://`));
        const timings = /step of the recovery +took\n([^]*?)\ntotal/.exec(demo.output())?.[1];
        expect(timings?.split('\n').map((line) => line.replace(/  .*/, ''))).toEqual([
          'start empty databases', 'start the restore pod', 'find the archives', 'restore full', 'compare',
          'back up again', 'verify',
        ]); // prettier-ignore
        expect(code).toBe(0);
        expect(await readdir(folder)).toEqual([]);
        expect(processesIn(folder)).toEqual([]);
      }),
    5 * minuteMs,
  );

  test(
    'brings back the instant before an accident while a writer goes on, and says so',
    () =>
      inFolder(async (folder) => {
        const demo = startDemo(folder, '--size', '1M', '--point-in-time');
        const code = await demo.ended;
        expect(demo.output()).toMatch(/find it in the log .* deleted 300 rows of public\.credentials\n/);
        expect(demo.output()).toMatch(
          /just before it: grill-backup restore postgresql --before-xid \d+ --only public\.credentials\n/,
        );
        expect(demo.output()).toMatch(/the writer committed [1-9]\d* rows meanwhile\n/);
        expect(demo.output()).toContain('table credentials is what it was before the accident: yes');
        expect(demo.output()).toMatch(/all \d+ rows that the writer committed are there: yes\n/);
        expect(code).toBe(0);
        expect(await readdir(folder)).toEqual([]);
        expect(processesIn(folder)).toEqual([]);
      }, '/tmp'), // a socket's path has 107 characters at most
    5 * minuteMs,
  );

  test(
    'leaves no process and no file when it is interrupted in the middle of a backup',
    () =>
      inFolder(async (folder) => {
        const demo = startDemo(folder, '--size', '100M');
        await untilPrinted(demo, 'postgresql-backup');
        expect(processesIn(folder).join('\n')).toContain('postgres');
        demo.child.kill('SIGINT');
        expect(await demo.ended).toBe(1);
        expect(demo.output()).toContain('stopped by SIGINT');
        expect(processesIn(folder)).toEqual([]);
        expect(await readdir(folder)).toEqual([]);
      }),
    5 * minuteMs,
  );

  test(
    'says what it did not understand',
    () =>
      inFolder(async (folder) => {
        const demo = startDemo(folder, '--size', 'huge');
        expect(await demo.ended).toBe(1);
        expect(demo.output()).toContain('--size huge: expected a size such as 50M or 2G');
      }),
    minuteMs,
  );
});
