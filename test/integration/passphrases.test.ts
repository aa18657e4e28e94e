import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openApp, type App } from '../../runtime/src/session/app.ts';
import { readEntries } from '../../runtime/src/archives/read.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { authenticate, readArchive } from '../../runtime/src/archives/catalogue.ts';
import { passphraseProblem } from '../../runtime/src/contract/passphrase.ts';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { secretFiles } from '../../runtime/src/core/secret-files.ts';
import { parsePlan } from '../../runtime/src/plan/parse.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { collect, entriesOf } from '../kit/streams.ts';

/** Passphrases that are tried; each costs two derivations of keys and the start of openssl and the script. */
const samples = Number(process.env['PASSPHRASES'] ?? 15);

const script = join(import.meta.dirname, '../../runtime/recovery/recover.sh');
const target = { name: 'redis', engine: 'redis', connection: { host: 'redis' }, secret: { name: 'redis' } };
const secret = 'backup-encryption-secret';

let installation: Installation;
let run: TestRun;

beforeAll(() => {
  installation = install([target], { redis: { password: 'secret' } });
  run = testRun({ readSecret: secretFiles(join(installation.folder, 'secrets')) });
});

afterAll(async () => {
  await run.dispose();
  await installation.dispose();
});

const keyFile = (key = 'encryption-key'): string => join(installation.folder, 'secrets', secret, key);

const open = (more: object = {}): Promise<App> =>
  openApp(run, parsePlan(planFor(installation.backup, [target], more), {}), () => ({
    add: () => {},
    done: () => {},
  }));

const seal = async (app: App): Promise<string> => {
  const dump = {
    server: { product: 'Redis', version: '7.0.15', tools: {} },
    entries: entriesOf({ 'dump.rdb': Buffer.from('the data') }),
    fingerprint: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  };
  return (await writeArchive(app, app.plan.targets[0]!, dump, 'daily')).key;
};

/** What the documented command reads, with the mounted file of the Secret as it is. */
const byOpenssl = (archive: string): string => {
  const [cipher, unpack] = [
    `openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -pass file:${keyFile()} -in ${archive}`,
    'tar -xzO',
  ];
  return execFileSync('sh', ['-c', `${cipher} 2>/dev/null | ${unpack}`], { encoding: 'utf8' });
};

const byScript = (archive: string): string => {
  const into = join(installation.folder, 'into');
  rmSync(into, { recursive: true, force: true });
  execFileSync('sh', [script, 'extract', archive, '--key-file', keyFile(), '--into', into], {
    stdio: 'ignore',
  });
  return readFileSync(join(into, 'dump.rdb'), 'utf8');
};

/** Bytes of a Secret: text of all kinds and bytes that are none, with every line end, around and beyond the limits. */
const passphrases = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 20, maxLength: 40 }) },
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 20, maxLength: 1030 }) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 20, maxLength: 40 }) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(1022, 1023, 1024, 2000)
          .map((length) => 'ab'.repeat(1000).slice(0, length)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 32, maxLength: 32 }) },
    ),
    fc.constantFrom('', '', '\n', '\n', '\r\n', '\n\n', '\r', '\0', '\nsecond line', ' ', '\t', '\u2028'),
  )
  .map(([text, end]) => Buffer.concat([Buffer.from(text as string), Buffer.from(end)]));

test('whatever seals is opened by recover.sh and openssl with the same file; the rest is refused at once', async () => {
  let [sealed, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(passphrases, async (bytes) => {
      writeFileSync(keyFile(), bytes);
      const app = await open().catch((error: unknown) => {
        if (!isBackupError(error) || !/^secret\./.test(error.code)) throw error;
        return undefined;
      });
      if (!app) return void refused++;
      const archive = join(installation.backup, await seal(app));
      expect([byOpenssl(archive), byScript(archive)]).toEqual(['the data', 'the data']);
      sealed++;
    }),
    { numRuns: samples, seed: 20_261_129 },
  );
  expect([sealed > samples / 10, refused > samples / 10]).toEqual([true, true]);
}, 600_000);

describe('what is refused', () => {
  test.each([
    ['32 random bytes', Buffer.from('f0'.repeat(32), 'hex'), 'holds characters that cannot be printed'],
    ['two lines', 'correct horse battery staple\nof two lines', 'is more than one line'],
    ['the line end of Windows', 'correct horse battery staple\r\n', 'ends its line as Windows does'],
    ['a tab', 'correct horse\tbattery staple', 'holds characters that cannot be printed'],
    ['NUL', 'correct horse battery\0staple', 'holds characters that cannot be printed'],
    ['more than openssl reads', 'correct horse '.repeat(74), 'has 1036 bytes, but openssl reads 1023'],
  ])('%s, by the command line, with what to do', async (_, value, reason) => {
    writeFileSync(keyFile(), value);
    const { code, stderr } = await installation.cli(['backup', 'redis']);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(stderr).toContain('use one line of printable text, for example from: openssl rand -base64 32');
    expect(stderr).not.toContain('battery');
  });

  test.each([
    'correct horse battery staple',
    'Grüße vom Grill: 100 €',
    '  spaces count, at both ends  ',
    '薪火相传'.repeat(5),
  ])('not %s', (text) => {
    expect(passphraseProblem(text)).toBeUndefined();
    expect(passphraseProblem(`${text}\n`)).toBeUndefined();
  });
});

test('a passphrase of earlier versions, of two lines, still opens behind a new one', async () => {
  const old = 'correct horse battery staple\nand a second line';
  writeFileSync(keyFile('new'), 'a passphrase of one printable line\n');
  writeFileSync(keyFile(), `${old}\n`);
  const both = await open({
    encryption: {
      keys: [
        { id: 'new', secretKey: 'new' },
        { id: 'primary', secretKey: 'encryption-key' },
      ],
    },
  });
  const [first, second] = both.keys!;
  const key = await seal({ ...both, keys: [second!, first] });
  const archive = await readArchive(both.stores.primary, key);
  const manifest = await authenticate(archive, both.keys);
  expect(manifest.encryption?.keyId).toBe('primary');
  for await (const { content } of readEntries(both, { ...archive, manifest }, 'test'))
    expect((await collect(content)).toString()).toBe('the data');
  expect(() => byScript(join(installation.backup, key))).toThrow();
});
