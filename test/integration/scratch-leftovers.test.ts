import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, removeFolder } from '../../runtime/src/engines/scratch-folder.ts';
import { inServerFolder, startScratch } from '../../runtime/src/engines/scratch-server.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { until } from '../kit/until.ts';

const ending = '.grill-backup-owner.json';
let parent: string;
let run: TestRun;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'leftovers-'));
  run = testRun({ scratchDir: parent });
});
afterEach(async () => {
  await run.dispose();
  rmSync(parent, { recursive: true, force: true });
});

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** A run in a process of its own that makes a folder, starts a server in it, and is killed. */
const killedRun = async (): Promise<{ folder: string; server: number }> => {
  const module = join(import.meta.dirname, '../../runtime/src/engines/scratch-folder.ts');
  const program = `
    import { spawn } from 'node:child_process';
    import { makeFolder, noteServer } from ${JSON.stringify(module)};
    const context = { scratchDir: ${JSON.stringify(parent)}, log: { warn() {} } };
    const folder = await makeFolder(context, 'scratch-');
    const server = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    await noteServer(folder, server.pid, 'SIGTERM');
    console.log(JSON.stringify({ folder, server: server.pid }));
    setInterval(() => {}, 1000);
  `;
  const node = join(import.meta.dirname, '../../node_modules/.bin/node');
  const child = spawn(node, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGKILL');
  await once(child, 'exit');
  return JSON.parse(line.toString());
};

test('what a killed run left goes with the next one: folder, server, note', async () => {
  const { folder, server } = await killedRun();
  expect([existsSync(folder), isAlive(server)]).toEqual([true, true]);
  const next = await makeFolder(run, 'scratch-');
  expect(existsSync(folder)).toBe(false);
  await until(() => Promise.resolve(!isAlive(server)));
  await removeFolder(next);
  expect(readdirSync(parent)).toEqual([]);
}, 30_000);

test('what lives, what is elsewhere, and what another process wrote is left alone', async () => {
  const living = await makeFolder(run, 'scratch-');
  const elsewhere = join(parent, 'scratch-elsewhere');
  const server = spawn('sleep', ['600'], { stdio: 'ignore' });
  writeFileSync(
    `${elsewhere}${ending}`,
    JSON.stringify({ pid: 1, instance: 'another boot/pid:[1]/7', server: { pid: server.pid } }),
  );
  writeFileSync(`${join(parent, 'scratch-odd')}${ending}`, '{"pid": "1; rm -rf /"}');
  const next = await makeFolder(run, 'scratch-');
  expect([existsSync(living), existsSync(`${elsewhere}${ending}`), isAlive(server.pid!)]).toEqual([
    true,
    true,
    true,
  ]);
  server.kill('SIGKILL');
  for (const folder of [living, next]) await removeFolder(folder);
});

test.each(['ready', 'set-up'])('no server is left where its %s fails', async (step) => {
  const folder = await makeFolder(run, 'scratch-');
  const fail = () => Promise.reject(new Error(`${step} failed`));
  const command = { program: 'sleep', args: ['600'], folder, stopSignal: 'SIGTERM' } as const;
  const controller = new AbortController();
  const starting = startScratch(
    { ...run, signal: controller.signal },
    command,
    step === 'ready' ? fail : () => Promise.resolve(),
    fail,
  );
  starting.catch(() => {});
  if (step === 'ready')
    await until(() => Promise.resolve(readFileSync(`${folder}${ending}`, 'utf8').includes('server')));
  if (step === 'ready') controller.abort();
  await expect(starting).rejects.toThrow(step === 'ready' ? /stopped/ : /set-up failed/);
  const { server } = JSON.parse(readFileSync(`${folder}${ending}`, 'utf8'));
  expect(isAlive(server.pid)).toBe(false);
  await removeFolder(folder);
});

test('no folder is left where its owner cannot be noted', async () => {
  const prefix = 'x'.repeat(255 - 'XXXXXX'.length); // a name as long as names can be: the note beside it has none
  await expect(makeFolder(run, prefix)).rejects.toThrow('ENAMETOOLONG');
  expect(readdirSync(parent)).toEqual([]);
});

test('no folder is left where the start of a server in it fails', async () => {
  let folder = '';
  const starting = inServerFolder(run, (made) => {
    folder = made;
    expect(existsSync(made)).toBe(true);
    return Promise.reject(new Error('start failed'));
  });
  await expect(starting).rejects.toThrow('start failed');
  expect([existsSync(folder), existsSync(`${folder}${ending}`)]).toEqual([false, false]);
});
