import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { captureText } from '../kit/capture.ts';
import { startHttpServer, type TestHttpServer } from '../kit/http-server.ts';
import { startInfluxdb1, type TestInfluxdb1 } from '../kit/influxdb.ts';
import { install, passphrase, planFor, type CliResult, type Installation } from '../kit/installation.ts';
import { freePort } from '../kit/private-server.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { until } from '../kit/until.ts';

/** C0 but for tab and line feed, C1, separators of lines, and marks that change the direction of writing. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** What a terminal, a log, a shell, Markdown, Slack, HTML or the exposition format would make something of. */
const tricks = (canary: string): readonly string[] => [
  ...[
    '\nFORGED',
    '\r\nFORGED',
    '\t',
    '\u001b[2J',
    '\u001b]52;c;eA==\u0007',
    '\u009b2J',
    '\u202e',
    '\u2028',
    '%0aFORGED',
  ],
  ...[
    '"',
    "'",
    '\\',
    '`',
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `;touch ${canary};`,
    `|touch ${canary}|`,
  ],
  ...[
    '[x](javascript:alert)',
    '![x](http://x)',
    '| a |\n|---|',
    '<!channel>',
    '<http://x|y>',
    '<script>',
    '```',
  ],
  ...['"} 1\nFORGED{x="', '\n{"level":"ERROR","msg":"FORGED"}', 'é🔥'],
];

/** Names of a few tricks each, so that every trick is in some; the last is very long. */
const namesOf = (canary: string): readonly string[] => {
  const all = tricks(canary);
  const others = fc.sample(fc.array(fc.constantFrom(...all), { maxLength: 2 }), {
    numRuns: all.length,
    seed: 11,
  });
  return [
    ...all.map((trick, index) => `n${index}${[trick, ...others[index]!].join('')}`),
    `long${'ü'.repeat(4000)}`,
  ];
};

let folder: string;
let canary: string;
let names: readonly string[];
let databases: readonly string[];
let redis: TestRedis;
let influxdb: TestInfluxdb1;
let sink: TestHttpServer;
let installation: Installation;

const identifier = (name: string): string =>
  `"${name
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)}"`;
const escaped = (name: string): string => name.replaceAll(/[,= \n]/g, (character) => `\\${character}`);
const escapedMeasurement = (name: string): string =>
  name.replaceAll(/[, \n]/g, (character) => `\\${character}`);

/** Commands of Redis as its protocol, which redis-cli --pipe passes on as they are. */
const resp = (commands: readonly (readonly string[])[]): string =>
  commands
    .map(
      (words) =>
        `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    )
    .join('');

const seedRedis = async (): Promise<void> => {
  const commands = [...names, 'n\0ul'].flatMap((name, index) => [
    ['SET', name, name],
    ['HSET', `h${index}`, name, name],
    ['XADD', name + ' x', '1-1', name, name],
    ['XGROUP', 'CREATE', name + ' x', name, '0'],
    ['XREADGROUP', 'GROUP', name, name, 'STREAMS', name + ' x', '>'],
  ]);
  const code = `#!lua name=odd\n-- \u001b[2J\u202e <!channel>\nredis.register_function('f', function() return '$(id)' end)`;
  const input = resp([...commands, ['FUNCTION', 'LOAD', code]]);
  await captureText('redis-cli', ['-p', `${redis.port}`, '--pipe'], { input });
};

/** InfluxDB takes printable names without slashes for databases and policies, and any for the rest. */
const seedInfluxdb = async (): Promise<void> => {
  for (const id of databases.map(identifier))
    await influxdb.query(
      `CREATE DATABASE ${id}; CREATE RETENTION POLICY ${id} ON ${id} DURATION INF REPLICATION 1 DEFAULT`,
    );
  const lines = names
    .filter((name) => !/\\/.test(name) && name.length < 1000)
    .map(
      (name) =>
        `${escapedMeasurement(name)},${escaped(name)}=${escaped(name)} ${escaped(name)}=1,v=1 1000000000`,
    );
  for (const name of databases) await influxdb.write(name, lines.join('\n'), name);
};

const redisContent = async () => [
  await redis.cli('DEBUG', 'DIGEST'),
  await redis.cli('FUNCTION', 'LIST', 'WITHCODE'),
];
const influxdbContent = async (database: string) =>
  influxdb.query(`SELECT * FROM ${identifier(database)}.${identifier(database)}./(?s).*/ GROUP BY *`);
const content = async () =>
  JSON.stringify([await redisContent(), await Promise.all(databases.map(influxdbContent))]);

/** No control character, and no line that begins as the text of a name does after its line feed. */
const staysText = (text: string): void => {
  expect(text).not.toMatch(controls);
  expect(text).not.toMatch(/^(FORGED|\|---|\{"level":"ERROR","msg":"FORGED)/m);
};

const isSafe = ({ stdout, stderr }: CliResult): void => {
  staysText(stdout);
  staysText(stderr);
  for (const line of stderr.split('\n').filter(Boolean)) expect(() => JSON.parse(line)).not.toThrow();
  expect(existsSync(canary)).toBe(false);
};

const cli = async (...args: readonly string[]): Promise<CliResult> => {
  const done = await installation.cli(args);
  expect([args, done.code, done.code === 0 ? '' : done.stderr + done.stdout]).toEqual([args, 0, '']);
  isSafe(done);
  return done;
};

/** What is asked for by a hostile name that does not exist is refused, with the name as text. */
const refuses = async (...args: readonly string[]): Promise<void> => {
  const done = await installation.cli([...args, '--json']);
  expect([args, done.code]).not.toEqual([args, 0]);
  expect(done.json.error.message).toBeDefined();
  isSafe(done);
};

/** What a person sees: output and errors of a command on a terminal, without the line of progress. */
const onTerminal = async (...args: readonly string[]): Promise<string> => {
  const words = [join(import.meta.dirname, '../../runtime/bin/grill-backup'), ...args];
  const command = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const seen = await captureText('script', ['-qc', command, '/dev/null'], {
    env: { ...installation.env, SHELL: '/bin/sh' },
  });
  return seen.replaceAll(/\r\u001b\[K[^\r\n]*(?=\r)|\r\u001b\[K/g, '').replaceAll('\r\n', '\n');
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'h-'));
  canary = join(folder, 'c');
  names = namesOf(canary);
  // of a database with a bracket, InfluxDB finds no file once it looks: it takes the path for a pattern
  const ofDatabases = tricks(canary).filter(
    (trick) => /^[\p{L}\p{P}\p{S} \w]+$/u.test(trick) && !/[\\[]/.test(trick),
  );
  databases = ofDatabases
    .map(
      (trick, index) =>
        `${index}${trick.replaceAll('/', '∕')}${ofDatabases.at(-index)!.replaceAll('/', '∕')}`,
    )
    .filter((_, index) => index % 8 === 0);
  [redis, influxdb] = await Promise.all([startRedis(), startInfluxdb1()]);
  await Promise.all([seedRedis(), seedInfluxdb()]);
  sink = await startHttpServer((response) => response.end('{}'));
  const { host, port, rpcPort } = influxdb;
  const targets = [
    {
      name: 'redis',
      engine: 'redis',
      connection: { host: redis.host, port: redis.port },
      secret: { name: 'redis' },
    },
    {
      name: 'influxdb',
      engine: 'influxdb',
      connection: { host, port, rpcPort },
      secret: { name: 'influxdb' },
    },
  ];
  installation = install(targets, { 'backup-notification-secret': { 'webhook-url': sink.url } });
  installation.setPlan(planFor(installation.backup, targets, { notifications: { enabled: true } }));
}, 120_000);

afterAll(async () => {
  await Promise.all([redis.stop(), influxdb.stop(), sink.stop(), installation.dispose()]);
  rmSync(folder, { recursive: true, force: true });
});

test('names of Redis and InfluxDB stay data in all that is printed, logged, sent and stored', async () => {
  expect(databases.length).toBeGreaterThan(1);
  const before = await content();
  await cli('backup', 'redis');
  await cli('backup', 'influxdb', '--json');
  for (const level of ['quick', 'deep', 'drill']) await cli('verify', '--level', level);
  for (const target of ['redis', 'influxdb']) await cli('show', target);
  for (const args of [['show', 'influxdb', '--json'], ['check'], ['list'], ['status']]) await cli(...args);

  for (const args of [
    ['restore', 'redis', '--dry-run'],
    ['restore', 'influxdb', '--dry-run'],
  ])
    staysText(await onTerminal(...args));
  const key = names.find((name) => name.includes('\n') && !/[[\]*?\\]/.test(name)); // no pattern
  const [part] = (await cli('restore', 'redis', '--only', key!, '--force', '--json')).json;
  staysText(part.undo);
  expect(part.undo).not.toContain('\n');
  expect(await captureText('/bin/sh', ['-c', `printf '<%s>' ${part.undo}`])).toContain(
    `<--only><${key}><--force>`,
  );
  await cli('restore', 'redis', '--force');
  await cli('restore', 'influxdb', '--force');
  expect(await content()).toBe(before);

  const hostile = tricks(canary).join(' ');
  await refuses('restore', 'redis', '--only', hostile, '--force');
  await refuses('restore', 'influxdb', '--only', hostile, '--force');
  await refuses('restore', 'influxdb', '--only', databases[0]!, '--into', hostile, '--force');
  await refuses('show', 'redis', hostile);
  const [seen] = await Promise.allSettled([onTerminal('restore', 'redis', '--only', hostile, '--force')]);
  staysText(seen.status === 'fulfilled' ? seen.value : String(seen.reason));

  const [name] = databases;
  await influxdb.query(`DROP DATABASE ${identifier(name!)}`);
  const { json } = await cli('restore', 'influxdb', '--only', name!, '--force', '--json');
  expect(await content()).toBe(before);
  staysText(json[0].undo);
  const { length } = await influxdb.query('SHOW DATABASES').then(([found]) => found!.values);
  await captureText('/bin/sh', ['-c', json[0].undo]); // as a person pastes it
  expect((await influxdb.query('SHOW DATABASES'))[0]!.values).toHaveLength(length - 1);
  await cli('restore', 'influxdb', '--only', name!, '--into', `${name} 2`, '--force');
  await cli('restore', 'influxdb', '--only', name!, '--force');
  expect(await content()).toBe(before);

  for (const { body } of sink.requests) staysText([body.title, body.message].join('\n'));
  expect(sink.requests.length).toBeGreaterThan(2);
  for (const file of ['verification/latest_verification.json', 'verification/latest_drill.json'])
    staysText(readFileSync(join(installation.backup, file), 'utf8'));
}, 240_000);

test('metrics stay metrics', async () => {
  const port = await freePort();
  let pid = 0;
  const serving = installation.cli(['serve', '--port', `${port}`], (started) => (pid = started));
  await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  staysText(text);
  const line = /^(#.*|[a-z_]+\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\} \S+)?$/;
  expect(text.split('\n').filter((each) => !line.test(each))).toEqual([]);
  process.kill(pid, 'SIGTERM');
  isSafe(await serving);
}, 60_000);

test('recover.sh says names as text', async () => {
  const key = join(folder, 'key');
  writeFileSync(key, `${passphrase}\n`);
  const script = join(installation.backup, 'recovery/recover.sh');
  for (const engine of ['redis', 'influxdb']) {
    const archive = installation
      .files()
      .findLast((file) => file.startsWith(`${engine}/${engine}_2`) && file.endsWith('.enc'))!;
    const into = join(folder, `into\n${engine}\nFORGED \u001b[2J\u009b\u202e\u2028`);
    const command = '"$0" "$@" 2>&1 || echo "ended with $?"';
    const args = ['extract', join(installation.backup, archive), '--key-file', key, '--into', into];
    const said = await captureText('/bin/sh', ['-c', command, '/bin/sh', script, ...args]);
    expect(said).not.toContain('ended with');
    expect(said).toContain('proved: ');
    expect(said).toContain('\n  FORGED');
    expect(said).not.toMatch(controls);
    expect(said).not.toMatch(/^FORGED/m);
  }
  expect(existsSync(canary)).toBe(false);
}, 60_000);
