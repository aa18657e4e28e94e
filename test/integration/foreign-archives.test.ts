import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

const password = 'redis-password-of-the-test';
const names = ['aaa', 'bbb'] as const;
const servers = {} as Record<(typeof names)[number], TestRedis>;
let installation: Installation;
/** Key of the one archive of `aaa`. */
let archive: string;

const targets = () =>
  names.map((name) => ({
    ...{ name, engine: 'redis', secret: { name: 'redis' } },
    connection: { host: servers[name].host, port: servers[name].port },
  }));

const file = (key: string) => join(installation.backup, key);

const copyTo = (key: string): string => {
  mkdirSync(file(join(key, '..')), { recursive: true });
  for (const suffix of ['', '.manifest.json']) copyFileSync(file(archive + suffix), file(key + suffix));
  return key;
};

/** Without weekly and monthly copies: each target has one archive of its own. */
const setPlan = (environment: string): void => {
  const retention = { weekly: 0, monthly: 0 };
  installation.setPlan(planFor(installation.backup, targets(), { environment, retention }));
};

const newestIn = (folder: string) => {
  const name = readdirSync(file(folder))
    .filter((each) => /^\d/.test(each))
    .toSorted()
    .at(-1)!;
  return JSON.parse(readFileSync(join(file(folder), name), 'utf8'));
};

const ownKey = () => servers.bbb.cli('GET', 'whose');

beforeAll(async () => {
  for (const name of names) servers[name] = await startRedis({ password });
  await Promise.all(names.map((name) => servers[name].cli('SET', 'whose', name)));
  installation = install(targets(), { redis: { password } });
  setPlan('test');
  for (const name of names) expect(await installation.cli(['backup', name])).toMatchObject({ code: 0 });
  archive = `aaa/${readdirSync(file('aaa')).find((name) => /^aaa_.*\.enc$/.test(name))!}`;
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await Promise.all(names.map((name) => servers[name].stop()));
});

beforeEach(() => setPlan('test'));

/** Every command that chooses an archive of `bbb`, and what each says of the one that was put there. */
const expectSetAside = async (key: string, message: string): Promise<void> => {
  const own = (await installation.cli(['show', 'bbb', '--json'])).json;
  expect(own.archive).toMatch(/^bbb\/bbb_/);
  const { json: status } = await installation.cli(['status', '--json']);
  expect(status[1]).toMatchObject({ target: 'bbb', archives: 1, newest: own.archive });
  expect(status[1].setAside).toEqual([
    { archive: key, code: 'archive.foreign', problem: expect.stringContaining(message) },
  ]);
  expect((await installation.cli(['status'])).stdout).toContain(`bbb: set aside: archive ${key} ${message}`);
  const { json: listed } = await installation.cli(['list', 'bbb', '--json']);
  expect(listed.find((row: { archive: string }) => row.archive === key).problem).toContain(message);
  const { json: checked } = await installation.cli(['check', 'bbb', '--json']);
  expect(checked.findings).toMatchObject([{ kind: 'archive-foreign', key, repairable: false }]);
  const verified = await installation.cli(['verify', 'bbb', '--json']);
  expect(verified.code).toBe(8);
  expect(verified.json.results.filter(({ ok }: { ok: boolean }) => !ok)).toMatchObject([
    { archive: key, problem: { code: 'archive.foreign' } },
  ]);
  const { json: pruned } = await installation.cli(['prune', 'bbb', '--dry-run', '--json']);
  expect(pruned.map(({ key: each }: { key: string }) => each)).toEqual([own.archive]);
  const named = await installation.cli(['restore', 'bbb', key, '--force', '--json']);
  expect(named.code).toBe(6);
  expect(named.json.error).toMatchObject({
    ...{ code: 'archive.foreign', message: expect.stringContaining(message) },
    hint: expect.stringContaining('--from-target'),
  });
  const newest = await installation.cli(['restore', 'bbb', '--dry-run', '--json']);
  expect(newest.json).toMatchObject([{ archive: own.archive }]);
  expect(await ownKey()).toBe('bbb');
};

describe('an archive of target aaa among those of bbb', () => {
  test.each(['bbb', 'bbb/weekly'])('in %s is set aside everywhere', async (folder) => {
    const key = copyTo(`${folder}/${basename(archive)}`);
    await expectSetAside(key, 'belongs to target aaa, expected bbb');
    for (const suffix of ['', '.manifest.json']) rmSync(file(key + suffix));
  });

  test('comes back on purpose, and the audit trail says whose it was', async () => {
    const refused = await installation.cli(['restore', 'bbb', archive, '--force', '--json']);
    expect(refused.json.error.message).toBe(`archive ${archive} belongs to target aaa, expected bbb`);
    const dry = await installation.cli(['restore', 'bbb', '--from-target', 'aaa', '--dry-run']);
    expect(dry.stdout).toContain('of      target aaa, not bbb');
    const { code, json } = await installation.cli([
      ...['restore', 'bbb', '--from-target', 'aaa', '--force', '--json'],
    ]);
    expect({ code, json }).toMatchObject({ code: 0, json: [{ archive, fromTarget: 'aaa', equal: true }] });
    expect(await ownKey()).toBe('aaa');
    expect(newestIn('audit')).toMatchObject({
      ...{ command: 'restore', target: 'bbb', environment: 'test' },
      figures: { archive, fromTarget: 'aaa' },
    });
    expect((await installation.cli(['audit', 'verify'])).code).toBe(0);
  });

  test('is asked for by a name that is one', async () => {
    const { code, stderr } = await installation.cli(['restore', 'bbb', '--from-target', '../etc', '--force']);
    expect(code).toBe(2);
    expect(stderr).toContain('expected lower-case letters, digits and dashes');
    const full = await installation.cli(['restore', 'full', '--from-target', 'aaa', '--force']);
    expect(full.code).toBe(2);
    expect(full.stderr).toContain('--from-target names whose archive one target gets; name that target');
    const none = await installation.cli(['restore', 'bbb', '--from-target', 'ccc', '--force', '--json']);
    expect(none.json.error).toMatchObject({
      code: 'archive.unknown',
      message: expect.stringMatching(/^no archive of ccc in /),
    });
  });
});

describe('archives under the plan of another environment', () => {
  beforeEach(() => setPlan('dev'));

  test('are set aside, and one is named in the refusal', async () => {
    const { code, json } = await installation.cli(['restore', 'aaa', '--force', '--json']);
    expect([code, json.error.code]).toEqual([6, 'archive.foreign']);
    expect(json.error.message).toContain(
      `set aside: archive ${archive} belongs to environment test, expected dev`,
    );
    const { json: status } = await installation.cli(['status', '--json']);
    expect(status[0]).toMatchObject({ archives: 0, withinRpo: false, setAside: [{ archive }] });
  });

  test('come back on purpose, all of them, and the report says from where', async () => {
    await servers.aaa.cli('SET', 'whose', 'changed');
    const { code } = await installation.cli([
      ...['restore', 'full', '--from-environment', 'test', '--force', '--json'],
    ]);
    expect(code).toBe(0);
    expect(await servers.aaa.cli('GET', 'whose')).toBe('aaa');
    expect(await ownKey()).toBe('bbb');
    expect(newestIn('restores')).toMatchObject({
      environment: 'dev',
      restored: [{ fromEnvironment: 'test' }, { fromEnvironment: 'test' }],
    });
    expect(newestIn('audit')).toMatchObject({ environment: 'dev', figures: { fromEnvironment: 'test' } });
  });
});
