import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { genesis, hashOf } from '../../../runtime/src/runs/audit-entry.ts';
import { appendAudit, readAudit } from '../../../runtime/src/runs/audit.ts';
import { auditProblem, verifyAudit } from '../../../runtime/src/runs/audit-verify.ts';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { startS3Fixture } from '../../conformance/stores/s3.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';

const ring: KeyRing = [openKey('primary', 'correct horse battery staple')];
const newer: KeyRing = [openKey('k2', 'another passphrase of good length'), ...ring];

const event = (number: number) => ({
  at: `2024-01-0${(number % 9) + 1}T02:00:00.000Z`,
  host: 'postgresql-backup-1-abcde',
  command: 'backup',
  target: 'postgresql',
  ok: true,
  figures: { archiveBytes: number },
});

const fill = async (store: Store, count: number, keys: KeyRing | undefined = ring) => {
  for (let number = 1; number <= count; number++) await appendAudit(store, keys, event(number));
};

const name = (sequence: number) => `audit/${String(sequence).padStart(10, '0')}.json`;

describe.each([
  ['directory', startDirectory],
  ['s3', startS3Fixture],
] as const)('the audit trail in a store of kind %s', (_, start) => {
  let store: Store;
  beforeEachStore((fresh) => (store = fresh), start);

  test('is empty and whole at first, and whole with entries', async () => {
    expect(await verifyAudit(store, ring)).toEqual({ ok: true, entries: 0, proved: 0, problems: [] });
    await fill(store, 3);
    expect(await verifyAudit(store, ring)).toEqual({ ok: true, entries: 3, proved: 3, problems: [] });
    const lines: Buffer[] = [];
    for await (const { key, line, entry } of readAudit(store)) {
      expect(key).toBe(name(lines.length + 1));
      expect(entry).toMatchObject({ ...event(lines.length + 1), sequence: lines.length + 1 });
      expect(entry!.previous).toBe(lines.length === 0 ? genesis : hashOf(lines.at(-1)!));
      expect(line.toString().indexOf('\n')).toBe(line.length - 1);
      lines.push(line);
    }
    expect(lines).toHaveLength(3);
  });

  test('writers at the same time make one chain', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, number) => appendAudit(store, ring, event(number))));
    expect(await verifyAudit(store, ring)).toMatchObject({ ok: true, entries: 12, proved: 12 });
    const bytes = new Set<unknown>();
    for await (const { entry } of readAudit(store)) bytes.add(entry!.figures['archiveBytes']);
    expect(bytes.size).toBe(12);
  });

  test('a missing entry is named, and the next one does not hide it', async () => {
    await fill(store, 3);
    await store.remove(name(3));
    expect((await verifyAudit(store, ring)).problems).toEqual([{ entry: name(3), message: 'is missing' }]);
    await appendAudit(store, ring, event(4));
    const { problems } = await verifyAudit(store, ring);
    expect(problems[0]).toEqual({ entry: name(3), message: 'is missing' });
  });
});

describe('audit verify finds', () => {
  let store: Store;
  let other: Store;
  beforeEachStore((fresh) => (store = fresh));
  beforeEachStore((fresh) => (other = fresh));
  beforeEach(async () => {
    await fill(store, 5);
  });

  const path = (sequence: number) => join(store.location, name(sequence));
  const alter = (sequence: number, change: (text: string) => string) =>
    writeFileSync(path(sequence), change(readFileSync(path(sequence), 'utf8')));
  const first = async (keys: KeyRing | undefined = ring) => (await verifyAudit(store, keys)).problems[0];

  test.each([
    ['another figure', (text: string) => text.replace('"archiveBytes":3', '"archiveBytes":4')],
    ['another target', (text: string) => text.replace('postgresql"', 'redis"')],
    ['another outcome', (text: string) => text.replace('"ok":true', '"ok":false')],
    ['another MAC', (text: string) => text.replace(/"mac":"../, '"mac":"00')],
    ['spaces', (text: string) => text.replace('{', '{ ')],
    ['a cut', (text: string) => text.slice(0, 100)],
    ['an added line', (text: string) => `${text}${text}`],
    ['nothing', () => ''],
  ])('an entry with %s', async (_, change) => {
    alter(3, change);
    expect(await first()).toEqual({ entry: name(3), message: 'was altered' });
  });

  test('a removed one', async () => {
    rmSync(path(2));
    expect(await first()).toEqual({ entry: name(2), message: 'is missing' });
  });

  test('a removed first one', async () => {
    rmSync(path(1));
    expect(await first()).toEqual({ entry: name(1), message: 'is missing' });
  });

  test('several in a row, as one gap', async () => {
    for (const sequence of [2, 3, 4]) rmSync(path(sequence));
    expect((await verifyAudit(store, ring)).problems).toEqual([
      { entry: name(2), message: 'is missing, and 2 after it' },
      { entry: name(5), message: 'does not follow from the entry before it' },
    ]);
  });

  test('an entry far off that somebody put there', async () => {
    writeFileSync(join(store.location, 'audit/9999999999.json'), '{}');
    expect(await first()).toEqual({ entry: name(6), message: 'is missing, and 9999999992 after it' });
  });

  test('two that changed places', async () => {
    renameSync(path(2), `${path(2)}.away`);
    renameSync(path(3), path(2));
    renameSync(`${path(2)}.away`, path(3));
    expect(await first()).toEqual({ entry: name(2), message: 'is entry 3, moved to another place' });
  });

  test('one that was removed and the rest moved up', async () => {
    rmSync(path(2));
    for (const sequence of [3, 4, 5]) renameSync(path(sequence), path(sequence - 1));
    expect(await first()).toEqual({ entry: name(2), message: 'is entry 3, moved to another place' });
  });

  test('one of another trail under the same key', async () => {
    await appendAudit(other, ring, { ...event(1), command: 'prune' });
    await fill(other, 4);
    writeFileSync(path(3), readFileSync(join(other.location, name(3))));
    expect(await first()).toEqual({ entry: name(3), message: 'does not follow from the entry before it' });
  });

  test.each([
    ['in the clear', undefined],
    ['under another passphrase', [openKey('primary', 'the passphrase of a stranger')] as KeyRing],
  ])('one that was added %s', async (_, keys) => {
    await appendAudit(store, keys, event(6));
    expect(await first()).toEqual({
      entry: name(6),
      message: 'is the newest, and signed by no available key',
    });
  });

  test('a file that is no entry', async () => {
    writeFileSync(join(store.location, 'audit/0000000003b.json'), '{}');
    expect(await first()).toEqual({
      entry: 'audit/0000000003b.json',
      message: 'is not an entry of the trail',
    });
  });

  test('names the first in its error, with exit code 8', async () => {
    alter(2, () => '');
    alter(4, () => '');
    const report = await verifyAudit(store, ring);
    expect(auditProblem(report)).toMatchObject({
      code: 'audit.broken',
      exitCode: 8,
      message: expect.stringContaining(`${name(2)} was altered`),
    });
  });
});

describe('an attacker without the key', () => {
  const foreign: KeyRing = [openKey('gone', 'the passphrase of a stranger')];
  const renamed: KeyRing = [openKey('primary', 'the passphrase of a stranger')];
  let store: Store;
  beforeEachStore((fresh) => (store = fresh));

  const addForged = async (count: number, keys: KeyRing | undefined): Promise<void> => {
    for (let number = 1; number <= count; number++) await appendAudit(store, keys, event(number));
  };

  /** What somebody who can write to the store puts there instead of the trail, `count` entries of it. */
  const forge = async (count: number, keys: KeyRing | undefined): Promise<void> => {
    rmSync(join(store.location, 'audit'), { recursive: true, force: true });
    await addForged(count, keys);
  };

  const forgeries = [
    ['in the clear', undefined],
    ['under a key that is not at hand', foreign],
    ['under a key of the same name', renamed],
  ] as const;

  test.each(forgeries)('who replaces all by entries %s is seen for ever', async (_, keys) => {
    await fill(store, 7);
    await forge(7, keys);
    expect(await verifyAudit(store, ring)).toMatchObject({ ok: false, proved: 0 });
    for (const genuine of [1, 2, 3]) {
      await appendAudit(store, ring, event(genuine));
      const { ok, entries, proved, problems } = await verifyAudit(store, ring);
      expect({ ok, entries, proved }).toEqual({ ok: false, entries: 7 + genuine, proved: genuine });
      expect(problems.map(({ entry }) => entry)).toEqual([1, 2, 3, 4, 5, 6, 7].map(name));
      expect(new Set(problems.map(({ message }) => message))).toEqual(
        new Set(['is signed by no available key, and no later entry vouches for it']),
      );
    }
  });

  test.each(forgeries)(
    'who goes on with entries %s is seen for ever, also after a new key',
    async (_, keys) => {
      await fill(store, 3);
      await addForged(2, keys);
      await fill(store, 2);
      await fill(store, 2, newer);
      for (const at of [ring, newer, [newer[0]] as KeyRing]) {
        const { problems } = await verifyAudit(store, at);
        expect(problems.map(({ entry }) => entry)).toEqual(expect.arrayContaining([name(4), name(5)]));
      }
    },
  );

  test('who writes that an entry follows a proved one vouches for nothing', async () => {
    await forge(3, foreign);
    const path = join(store.location, name(3));
    expect(readFileSync(path, 'utf8')).toContain('"follows":"proved"'); // of its own key
    await appendAudit(store, ring, event(4));
    const { problems } = await verifyAudit(store, ring);
    expect(problems.map(({ entry }) => entry)).toEqual([1, 2, 3].map(name));
  });

  test('who brings a trail of another environment is seen', async () => {
    await appendAudit(store, ring, { ...event(1), environment: 'prod' });
    expect((await verifyAudit(store, ring, 'dev')).problems).toEqual([
      { entry: name(1), message: 'belongs to environment prod' },
    ]);
    await appendAudit(store, ring, { ...event(2), environment: 'dev' });
    const { problems } = await verifyAudit(store, ring, 'dev');
    expect(problems.map(({ entry }) => entry)).toEqual([name(1)]);
  });

  test('what nobody can see without another copy: the newest cut off with the mark, and all taken away', async () => {
    await fill(store, 5);
    rmSync(join(store.location, name(5)));
    rmSync(join(store.location, 'audit/latest_entry.json'));
    expect(await verifyAudit(store, ring)).toMatchObject({ ok: true, entries: 4 });
    rmSync(join(store.location, 'audit'), { recursive: true });
    await appendAudit(store, ring, event(1));
    expect(await verifyAudit(store, ring)).toMatchObject({ ok: true, entries: 1 });
  });
});

describe('the audit trail', () => {
  let store: Store;
  beforeEachStore((fresh) => (store = fresh));

  test('goes on under a new key, and without the old one the new one vouches for it', async () => {
    await fill(store, 2);
    await fill(store, 2, newer);
    expect(await verifyAudit(store, newer)).toMatchObject({ ok: true, entries: 4, proved: 4 });
    expect(await verifyAudit(store, [newer[0]])).toMatchObject({ ok: true, entries: 4, proved: 2 });
    const path = join(store.location, name(2));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"archiveBytes":2', '"archiveBytes":9'));
    expect((await verifyAudit(store, [newer[0]])).problems).toEqual([
      { entry: name(3), message: 'does not follow from the entry before it' },
    ]);
  });

  test('of a plan in the clear is chained, and damage is found', async () => {
    await appendAudit(store, undefined, event(1));
    await appendAudit(store, undefined, event(2));
    expect(await verifyAudit(store, undefined)).toEqual({ ok: true, entries: 2, proved: 0, problems: [] });
    const path = join(store.location, name(1));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"ok":true', '"ok":false'));
    expect((await verifyAudit(store, undefined)).problems[0]).toEqual({
      entry: name(1),
      message: 'was altered',
    });
  });

  test.each([
    ['missing', () => {}],
    ['behind', (folder: string) => symlinkSync('0000000001.json', join(folder, 'latest_entry.json'))],
    ['damaged', (folder: string) => symlinkSync('../../etc/passwd', join(folder, 'latest_entry.json'))],
  ])('goes on where its mark is %s', async (_, damage) => {
    await fill(store, 3);
    rmSync(join(store.location, 'audit/latest_entry.json'));
    damage(join(store.location, 'audit'));
    await appendAudit(store, ring, event(4));
    expect(await verifyAudit(store, ring)).toMatchObject({ ok: true, entries: 4 });
  });
});
