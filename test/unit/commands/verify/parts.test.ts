import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import type { VerificationReport } from '../../../../runtime/src/commands/verify/result.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Part } from '../../../../runtime/src/core/part.ts';
import type { App } from '../../../../runtime/src/session/app.ts';
import { directoryStore } from '../../../../runtime/src/store/directory.ts';
import { listed } from '../../../../runtime/src/store/listed.ts';
import { readSmall } from '../../../../runtime/src/store/size-limits.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { recordsOf, redisTarget, testApp } from '../../../kit/app.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { removeFolder, workFolder } from '../../../kit/private-server.ts';
import { simulateBackup } from '../../../kit/simulated-runs.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const of = 3;
const run = 'uid-1';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const appOf = (part: Omit<Part, 'of' | 'run'> & Partial<Part>, over = store, targets = names): App => {
  const app = testApp({
    stores: { primary: over, replicas: [] },
    targets: targets.map((name) => redisTarget({ host: '127.0.0.1', port: 1 }, { name })),
  });
  return { ...app, run: { ...app.run, part: { of, run, ...part } } };
};

/** Archives of all targets, made once. */
let archives: string;

const copyArchive = (target: string) =>
  cp(join(archives, target), join(store.location, target), { recursive: true });
const removeArchive = (target: string) => rm(join(store.location, target), { recursive: true });

beforeAll(async () => {
  archives = workFolder('archives');
  const app = appOf({ index: 0 }, directoryStore({ path: archives }));
  for (const name of names) await simulateBackup(app, name, { at: new Date(Date.now() - 60_000) });
});
afterAll(() => removeFolder(archives));

beforeEach(async () => {
  for (const name of names) await copyArchive(name);
});

const verify = (app: App) => jsonOn(app, 'verify', '--level', 'quick');

const reportIn = async (alias = 'verification/latest_verification.json') => {
  const key = await store.resolve(alias);
  if (key === undefined) return undefined;
  return JSON.parse((await readSmall(store, key, 'reportPart')).toString()) as VerificationReport;
};

const targetsIn = (report: VerificationReport | undefined) => report!.results.map(({ target }) => target);

test('parts verify their own targets, and the last one to end reports on all of them', async () => {
  for (const index of [2, 0]) {
    const { json } = await verify(appOf({ index }));
    expect(json).toMatchObject({ part: { index, of }, status: 'passed' });
    expect(targetsIn(json)).toEqual(names.filter((_, place) => place % of === index));
    expect(await reportIn()).toBeUndefined();
  }
  await verify(appOf({ index: 1 }));
  const report = await reportIn();
  expect(targetsIn(report)).toEqual(names);
  expect(report).toMatchObject({ status: 'passed', archives: 5, failed: 0, notReached: [] });
  expect(report).not.toHaveProperty('part');
  for (const name of names)
    expect((await recordsOf(store, name)).filter(({ command }) => command === 'verify')).toHaveLength(1);
});

test('the text for people says which part it is', async () => {
  const { stdout } = await runOn(appOf({ index: 1 }), 'verify', '--level', 'quick');
  expect(stdout).toMatch(/^Verification of test, part 1 of 3, at .*: passed\n2 checked, 0 failed/);
});

test('a bad archive fails its own part and the report, and no other part', async () => {
  const { key } = (await readCatalog(store, 'b')).archives[0]!;
  await store.put(key, () => oneChunk('short'), { replace: true });
  const codes = [];
  for (const index of [0, 1, 2]) codes.push((await verify(appOf({ index }))).problem?.exitCode);
  expect(codes).toEqual([undefined, 8, undefined]);
  expect(await reportIn()).toMatchObject({ status: 'failed', archives: 5, failed: 1 });
});

test('a part that is started again takes the place of what it said before', async () => {
  await removeArchive('e');
  for (const index of [0, 1, 2]) await verify(appOf({ index }));
  expect(await reportIn()).toMatchObject({ status: 'failed', failed: 1 });
  await copyArchive('e');
  await verify(appOf({ index: 1 }));
  const report = await reportIn();
  expect(targetsIn(report)).toEqual(names);
  expect(report).toMatchObject({ status: 'passed', failed: 0 });
});

test('parts of another run are never taken for those of this one', async () => {
  for (const index of [0, 1, 2]) await verify(appOf({ index, run: 'uid-0' }));
  const before = await reportIn();
  for (const index of [0, 1]) await verify(appOf({ index }));
  expect(await reportIn()).toEqual(before);
});

test('parts that end at the same time make one report of all', async () => {
  await Promise.all([0, 1, 2].map((index) => verify(appOf({ index }))));
  expect(targetsIn(await reportIn())).toEqual(names);
});

/** A store whose listing of parts waits: whoever asks has seen what is there, and others go on meanwhile. */
const heldAfterListing = (meanwhile: () => Promise<unknown>): Store => {
  let isHeld = true;
  return {
    ...store,
    list: async function* (prefix) {
      const found = await listed(store, prefix);
      if (prefix === 'verification/parts/' && isHeld) {
        isHeld = false;
        await meanwhile();
      }
      yield found;
    },
  };
};

test('a part that writes its report late puts nothing older in the place of a newer one', async () => {
  await removeArchive('e');
  for (const index of [0, 1]) await verify(appOf({ index }));
  const again = async () => {
    await copyArchive('e');
    await verify(appOf({ index: 1 }));
  };
  await verify(appOf({ index: 2 }, heldAfterListing(again)));
  expect(await reportIn()).toMatchObject({ status: 'passed', archives: 5 });
});

const stoppedAt = (index: number, target: string): App => {
  const controller = new AbortController();
  const stopping: Store = {
    ...store,
    head: (key) => {
      if (key.startsWith(`${target}/`)) controller.abort(new Error('received SIGTERM'));
      return store.head(key);
    },
  };
  const app = appOf({ index }, stopping);
  return { ...app, run: { ...app.run, signal: controller.signal } };
};

test('a part that is stopped reports on what is there, as the others may never come', async () => {
  await verify(appOf({ index: 0 }));
  const { problem } = await verify(stoppedAt(1, 'b'));
  expect(problem?.code).toBe('verification.incomplete');
  const report = await reportIn();
  expect(report).toMatchObject({ status: 'failed', failed: 0, notReached: ['c', 'e'] });
  expect(report!.stopped).toMatch(/received SIGTERM; no report of part 2 of 3/);
  for (const index of [1, 2]) await verify(appOf({ index }));
  expect(await reportIn()).toMatchObject({ status: 'passed', archives: 5, notReached: [] });
});

test('an edit of the plan in between leaves out no target silently, and reports none twice', async () => {
  for (const index of [0, 1]) await verify(appOf({ index }, store, names.slice(1)));
  await verify(appOf({ index: 2 }));
  const report = await reportIn();
  const told = targetsIn(report);
  expect([...told, ...report!.notReached].toSorted()).toEqual(
    [...new Set([...told, ...report!.notReached])].toSorted(),
  );
  expect(new Set([...told, ...report!.notReached])).toEqual(new Set(names));
  expect(report!.status).toBe(report!.notReached.length > 0 ? 'failed' : 'passed');
});

test('drills have parts and a report of their own', async () => {
  for (const index of [0, 1, 2]) await jsonOn(appOf({ index, run: 'uid-2' }), 'verify', '--level', 'drill');
  expect(await reportIn('verification/latest_drill.json')).toMatchObject({ archives: 5 });
  expect(await reportIn()).toBeUndefined();
});

test('what is no part of a report is told, and the part fails rather than report without it', async () => {
  for (const index of [0, 1]) await verify(appOf({ index }));
  await store.put('verification/parts/uid-1_0-of-3.json', () => oneChunk('{"format":1}'), { replace: true });
  const { problem } = await verify(appOf({ index: 2 }));
  expect(problem).toMatchObject({ code: 'store.odd', exitCode: 5 });
  expect(problem!.message).toContain('verification/parts/uid-1_0-of-3.json is not a part of a report');
});

test('a target by name is no part, also in a pod of an Indexed Job', async () => {
  const { json } = await jsonOn(appOf({ index: 0 }), 'verify', 'b', '--level', 'quick');
  expect(json).not.toHaveProperty('part');
  expect(targetsIn(json)).toEqual(['b']);
  expect(await listed(store, 'verification/')).toEqual([]);
});
