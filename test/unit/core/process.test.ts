import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { becomeBatch, capture, collect, feed, run, type Command } from '../../../runtime/src/core/process.ts';
import { workFolder } from '../../kit/private-server.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const context = testRun();
afterAll(context.dispose);

const shell = (script: string, rest: Partial<Command> = {}): Command => ({
  program: '/bin/sh',
  args: ['-c', script],
  failure: 'dump.failed',
  ...rest,
});

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const zeros = async function* (mebibytes: number) {
  for (let index = 0; index < mebibytes; index += 1) yield Buffer.alloc(1 << 20);
};

test('capture returns what was printed', async () => {
  expect(await capture(context, shell('printf grill'))).toBe('grill');
});

test('output that was cut short never ends cleanly, and the error quotes the last of stderr', async () => {
  const { stdout, done } = run(context, shell('printf half; echo "disk on fire" >&2; exit 3'));
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of stdout) read.push(chunk.toString());
  })();
  await expect(reading).rejects.toEqual(failure('dump.failed', /^\/bin\/sh exited with 3: disk on fire$/));
  await expect(done).rejects.toEqual(failure('dump.failed', /disk on fire/));
  expect(read.join('')).toBe('half');
});

test('a program that was killed fails, although its output looks complete', async () => {
  await expect(collect(run(context, shell('printf whole; kill -9 $$')).stdout)).rejects.toEqual(
    failure('dump.failed', /killed by SIGKILL/),
  );
});

test('a missing program is named', async () => {
  await expect(
    capture(context, { program: '/no/such/tool', args: [], failure: 'dump.failed' }),
  ).rejects.toEqual(failure('tool.missing', /\/no\/such\/tool/));
});

test('secrets of this process are not inherited, variables of the command are', async () => {
  process.env.GRILL_TEST_SECRET = 'hunter2';
  const printed = await capture(context, shell('env', { env: { PGPASSWORD: 'given' } }));
  delete process.env.GRILL_TEST_SECRET;
  expect(printed).not.toContain('hunter2');
  expect(printed).toContain('PGPASSWORD=given');
  expect(printed).toContain('PATH=');
});

test('feed and output pass more than all buffers hold, unaltered', async () => {
  const counting = run(context, shell('tee /dev/null'));
  const [, output] = await Promise.all([feed(counting, zeros(64)), collect(counting.stdout)]);
  expect(output.equals(Buffer.alloc(64 << 20))).toBe(true);
});

test('a program that wants less than all of its input is no failure, and the rest is read', async () => {
  const reading = run(context, shell('head -c 10 >/dev/null'));
  let fed = 0;
  const content = (async function* () {
    for await (const chunk of zeros(8)) {
      fed += chunk.length;
      yield chunk;
    }
  })();
  await Promise.all([feed(reading, content), collect(reading.stdout)]);
  expect(fed).toBe(8 << 20);
});

test('a program that fails early stops the feeding with its own error', async () => {
  const reading = run(context, shell('echo "no such table" >&2; exit 1'));
  const attempt = Promise.all([feed(reading, zeros(10_000)), collect(reading.stdout)]);
  await expect(attempt).rejects.toEqual(failure('dump.failed', /no such table/));
});

test('an error of the content wins over what it does to the program', async () => {
  const damaged = new Error('segment 7 was altered');
  const content = (async function* () {
    yield* zeros(3);
    throw damaged;
  })();
  const reading = run(context, shell('cat >/dev/null'));
  await expect(Promise.all([feed(reading, content), collect(reading.stdout)])).rejects.toBe(damaged);
  await expect(reading.done).rejects.toEqual(failure('dump.failed', /SIGKILL/));
});

test('an abort of the run kills the program', async () => {
  const controller = new AbortController();
  const pidFile = join(workFolder('process'), 'pid');
  const sleeping = run(
    { ...context, signal: controller.signal },
    shell(`sleep 3600 & echo $! >${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`),
  );
  await until(() => existsSync(pidFile));
  controller.abort();
  await expect(collect(sleeping.stdout)).rejects.toEqual(failure('run.interrupted', /stopped/));
  process.kill(Number(readFileSync(pidFile, 'utf8'))); // it held stdout open, and outlives its parent
});

test('a program whose output nobody wants any more is killed', async () => {
  const endless = run(context, shell('exec yes'));
  for await (const chunk of endless.stdout) if (chunk.length > 0) break;
  await expect(endless.done).rejects.toEqual(failure('dump.failed', /SIGKILL|exited with 1/));
});

test('a slow reader holds the program back', async () => {
  const { stdout, kill } = run(context, shell('exec yes'));
  const chunks = stdout[Symbol.asyncIterator]();
  await chunks.next();
  const before = process.memoryUsage().rss;
  await sleep(300);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  kill();
  await chunks.return?.();
});

describe('a batch job', () => {
  const policy = () => capture(context, shell('chrt --pid $$'));
  afterAll(() => capture(context, shell(`chrt --all-tasks --other --pid 0 ${process.pid}`)));

  test('is what every program started later is, too, unless the machine is busy', async () => {
    await becomeBatch(context, 0.6);
    expect(await policy()).toContain('SCHED_OTHER');
    await becomeBatch(context, 0.4);
    expect(await policy()).toContain('SCHED_BATCH');
  });

  test('needs no chrt', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/no/such/folder';
    await expect(becomeBatch(context, 0)).resolves.toBeUndefined();
    process.env.PATH = path;
  });
});
