import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { RunContext } from '../core/context.ts';
import { instanceOf, isGone } from '../core/instance.ts';

const instance = { pid: z.int().positive(), instance: z.string() };

/** Beside a scratch folder, where the server in it cannot write: who made it, and which server runs in it. */
const ownerSchema = z.strictObject({
  ...instance,
  server: z.strictObject({ ...instance, stopSignal: z.enum(['SIGTERM', 'SIGINT']) }).optional(),
});

type Owner = z.output<typeof ownerSchema>;

const ending = '.grill-backup-owner.json';

const ownerFile = (folder: string): string => `${folder}${ending}`;

const writeOwner = async (folder: string, server?: Owner['server']): Promise<void> => {
  const own = instanceOf(process.pid);
  if (own === undefined) return; // then nobody could tell whether it is dead
  const owner = { pid: process.pid, instance: own, ...(server && { server }) };
  await writeFile(ownerFile(folder), JSON.stringify(owner), { mode: 0o600 });
};

/** Undefined for what this user has not written: in a folder for all, another could name any process. */
const readOwner = async (file: string): Promise<Owner | undefined> => {
  try {
    const found = await lstat(file);
    if (!found.isFile() || found.uid !== process.geteuid?.()) return undefined;
    return ownerSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
};

/** A fast shutdown of a database server that lost its clients takes less. */
const stopDeadlineMs = 5000;
const pollMs = 50;

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended meanwhile
  }
};

const stopServer = async ({ stopSignal, ...server }: NonNullable<Owner['server']>): Promise<void> => {
  if (isGone(server)) return;
  signalTo(server.pid, stopSignal);
  for (const end = performance.now() + stopDeadlineMs; performance.now() < end; await sleep(pollMs))
    if (isGone(server)) return;
  signalTo(server.pid, 'SIGKILL');
};

/** Removes a folder, and what says whose it was. */
export const removeFolder = async (folder: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  await rm(ownerFile(folder), { force: true });
};

/** Does what a folder was made for; where that fails, the folder goes. */
export const orRemoved = async <Result>(folder: string, use: () => Promise<Result>): Promise<Result> => {
  try {
    return await use();
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
};

/** Stops servers and removes folders of runs that were killed; of runs that live, or of other machines, nothing. */
const sweep = async (context: RunContext, parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    if (!name.endsWith(ending)) continue;
    const folder = join(parent, name.slice(0, -ending.length));
    const owner = await readOwner(ownerFile(folder));
    if (!owner || !isGone(owner)) continue;
    if (owner.server) await stopServer(owner.server);
    await removeFolder(folder);
    context.log.warn({ folder }, 'removed what a killed run left');
  }
};

/** A new private folder, which the next run that needs one removes where this run is killed. */
export const makeFolder = async (
  context: RunContext,
  prefix: string,
  parent: string = context.scratchDir,
): Promise<string> => {
  await sweep(context, parent);
  const folder = await mkdtemp(join(parent, prefix));
  return orRemoved(folder, async () => {
    await writeOwner(folder);
    return folder;
  });
};

/** Notes the server that runs in a folder, for the run that finds this one killed. */
export const noteServer = async (
  folder: string,
  pid: number,
  stopSignal: 'SIGTERM' | 'SIGINT',
): Promise<void> => {
  const started = instanceOf(pid);
  if (started !== undefined) await writeOwner(folder, { pid, instance: started, stopSignal });
};
