import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { install } from '../kit/installation.ts';

const root = join(import.meta.dirname, '../..');

/** Prints the addresses of all modules that were loaded, and where a key was derived, as JSON in the last line of stderr. */
const listing = `import { registerHooks, syncBuiltinESMExports } from 'node:module';
import crypto from 'node:crypto';
const loaded = [];
const { pbkdf2 } = crypto;
crypto.pbkdf2 = (...args) => (loaded.push('derivation'), pbkdf2(...args));
syncBuiltinESMExports();
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on('exit', () => process.stderr.write('\\n' + JSON.stringify(loaded)));`;

const loadedWith = async (
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<string[]> => {
  const hook = `data:text/javascript,${encodeURIComponent(listing)}`;
  const cli = join(root, 'runtime/src/cli/main.ts');
  const running = promisify(execFile)(process.execPath, ['--import', hook, cli, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  const { stderr } = await running.catch((error: { stderr: string }) => error);
  return JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as string[];
};

const loadedBy = (...args: string[]): Promise<string[]> => loadedWith({}, args);

const matching = (urls: readonly string[], pattern: RegExp): string[] =>
  urls.filter((url) => pattern.test(url));

describe('the start of the program', () => {
  test('loads no command, no work of an engine, and no library of theirs', async () => {
    const urls = await loadedBy('--help');
    expect(matching(urls, /node_modules\/(commander|zod)\//)).not.toEqual([]);
    expect(matching(urls, /node_modules\/(pg|tar-stream|nodemailer|prom-client|@aws-sdk)\//)).toEqual([]);
    expect(matching(urls, /engines\/\w+\/(operations|v1|v2)/)).toEqual([]);
    expect(matching(urls, /commands\/[\w-]+\/(?!cli\.ts)/)).toEqual([]);
  });

  test('loads the one command that runs', async () => {
    const urls = await loadedBy('list', '--plan', 'no/such/plan.json');
    expect(matching(urls, /commands\//).map((url) => url.split('/commands/')[1])).toEqual([
      'list/cli.ts',
      'list/list.ts',
    ]);
  });

  test.each([
    ['postgresql', { database: 'none' }],
    ['influxdb', {}],
  ])(
    'loads of %s no more than its dump for a backup, also where the server is away',
    async (engine, more) => {
      const connection = { host: '127.0.0.1', port: 1, ...more };
      const installation = install([{ name: 'away', engine, connection, secret: { name: 'away' } }], {
        away: { username: 'nobody', password: 'nothing' },
      });
      try {
        const urls = await loadedWith(installation.env, ['backup', 'away']);
        expect(matching(urls, new RegExp(`engines/${engine}/dump\\.ts`))).toHaveLength(1);
        expect(matching(urls, /engines\/\w+\/(operations|restore|scratch|v1|v2)/)).toEqual([]);
        expect(matching(urls, /^node:http$/)).toEqual([]); // its exports load undici
        const order = matching(urls, /^derivation$|commands\/backup\/backup\.ts$|\/dump\.ts$/);
        expect(order.slice(0, 2)).toEqual(['derivation', 'derivation']); // on another processor, meanwhile
      } finally {
        await installation.dispose();
      }
    },
  );
});
