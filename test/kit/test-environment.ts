import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Folders that `workFolder` of the kit makes, which go with the test file but for what the program left inside, and the
 * caches that Node, and Pulumi's analyzer by ts-node, share between processes.
 */
const expected = /^(grill-|node-compile-cache$|ts-node-)/;
/** Those of them that a test hands to the program as its scratch folder. */
const scratchFolder = /^grill-run-/;

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const leftFiles = async (folder: string): Promise<readonly string[]> => {
  const names = await list(folder);
  const inScratch = names
    .filter((name) => scratchFolder.test(name))
    .map(async (name) => (await list(join(folder, name))).map((inner) => join(name, inner)));
  return [...names.filter((name) => !expected.test(name)), ...(await Promise.all(inScratch)).flat()];
};

/** Processes that inherited the folder as TMPDIR; another user's are not readable, and none of ours without root. */
const leftProcesses = async (folder: string): Promise<readonly number[]> => {
  const left: number[] = [];
  for (const pid of (await list('/proc')).map(Number).filter((id) => id > 0 && id !== process.pid)) {
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (variables.split('\0').includes(`TMPDIR=${folder}`)) left.push(pid);
  }
  return left;
};

const leftMounts = async (folder: string): Promise<readonly string[]> =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(` ${folder}`));

const commandOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();

/** Gives each test file a temp folder of its own, and fails the file where a file, process or mount of it is left. */
export default class OwnFolderEnvironment extends TestEnvironment {
  readonly #file: string;
  readonly #parent = process.env.TMPDIR;
  #folder = '';

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.#file = basename(context.testPath);
  }

  override async setup(): Promise<void> {
    await super.setup();
    this.#folder = await mkdtemp(join(tmpdir(), 'grill-test-'));
    await chmod(this.#folder, 0o1777);
    process.env.TMPDIR = this.#folder; // os.tmpdir() reads the outer process
    this.global.process.env.TMPDIR = this.#folder;
  }

  override async teardown(): Promise<void> {
    if (this.#parent === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = this.#parent;
    const processes = await leftProcesses(this.#folder);
    const left = [
      ...(await Promise.all(processes.map(async (pid) => `process ${pid}: ${await commandOf(pid)}`))),
      ...(await leftMounts(this.#folder)).map((mount) => `mount: ${mount}`),
      ...(await leftFiles(this.#folder)).map((name) => `in the temp folder: ${name}`),
    ];
    for (const pid of processes) process.kill(pid, 'SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
    await super.teardown();
    if (left.length) throw new Error(`${this.#file} left behind:\n${left.join('\n')}`);
  }
}
