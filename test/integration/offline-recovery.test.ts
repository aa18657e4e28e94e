import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { authenticate, readArchive } from '../../runtime/src/archives/catalogue.ts';
import { readEntries } from '../../runtime/src/archives/read.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { collect } from '../../runtime/src/core/process.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import { testApp } from '../kit/app.ts';
import { influxd2, startInfluxdb1, startInfluxdb2, type TestInfluxdb1 } from '../kit/influxdb.ts';
import { install, passphrase, planFor, type Installation } from '../kit/installation.ts';
import { binDir, startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { until } from '../kit/until.ts';

let postgresql: TestPostgresql;
let redis: TestRedis;
let influxdb: TestInfluxdb1;
let installation: Installation;
let folder: string;
let keyFile: string;

interface Recovered {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the script that the backup stored beside the archives, with no program of ours in PATH. */
const recover = async (args: readonly string[], env: Record<string, string> = {}): Promise<Recovered> => {
  const path = [binDir, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(
    delimiter,
  );
  const script = join(installation.backup, 'recovery/recover.sh');
  const child = spawn('/bin/dash', [script, ...args], {
    cwd: folder,
    env: { PATH: path, TMPDIR: folder, ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(stdout + stderr).not.toContain(passphrase);
  expect(readdirSync(folder).filter((name) => name.startsWith('grill-recover'))).toEqual([]);
  return { code, stdout, stderr };
};

const newestOf = (target: string): string =>
  join(
    installation.backup,
    installation
      .files()
      .findLast((file) => new RegExp(`^${target}/${target}_\\d.*\\.tar\\.gz(\\.enc)?$`).test(file))!,
  );

const pgEnv = () => ({
  PGHOST: postgresql.host,
  PGPORT: `${postgresql.port}`,
  PGUSER: postgresql.user,
  PGPASSWORD: postgresql.password,
});

const targets = () => [
  {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: postgresql.host, port: postgresql.port, database: 'grill "stats"' },
    secret: { name: 'postgresql' },
  },
  {
    name: 'redis',
    engine: 'redis',
    connection: { host: redis.host, port: redis.port },
    secret: { name: 'redis' },
  },
  {
    name: 'influxdb',
    engine: 'influxdb',
    connection: { host: influxdb.host, port: influxdb.port, rpcPort: influxdb.rpcPort },
    secret: { name: 'influxdb' },
  },
];

beforeAll(async () => {
  folder = workFolder('recovery');
  keyFile = join(folder, 'passphrase');
  writeFileSync(keyFile, `${passphrase}\n`);
  [postgresql, redis, influxdb] = await Promise.all([
    startPostgresql(),
    startRedis({ password: 'redis password' }),
    startInfluxdb1(),
  ]);
  await postgresql.psql('postgres', 'create database "grill ""stats"""');
  await postgresql.psql(
    'grill "stats"',
    `create role pitmaster; create schema "my schema"; create table "my schema"."ta""ble" (id int primary key, v text);
     insert into "my schema"."ta""ble" select id, (select string_agg(md5(random()::text), '') from generate_series(1, 8) where id > 0) from generate_series(1, 40000) id;
     alter table "my schema"."ta""ble" owner to pitmaster; create table "emoji 🔥" as select 1 as one`,
  );
  await redis.script(Array.from({ length: 3000 }, (_, index) => `set key:${index} value-${index * 7}`));
  await redis.script([
    'rpush list a b c',
    'zadd scores 1 one 2 two',
    'hset session user 7',
    'select 3',
    'set other db',
  ]);
  await influxdb.query('create database "grill stats"');
  const lines = Array.from(
    { length: 2000 },
    (_, index) => `temperature,probe=p${index % 4} value=${index} ${1_700_000_000 + index}000000000`,
  );
  await influxdb.write('grill stats', lines.join('\n'));
  installation = install(targets(), {
    postgresql: { username: postgresql.user, password: postgresql.password },
    redis: { username: 'default', password: 'redis password' },
    influxdb: {},
  });
  for (const { name } of targets()) {
    const { code, stderr } = await installation.cli(['backup', name]);
    if (code !== 0) throw new Error(stderr);
  }
}, 120_000);

afterAll(async () => {
  await Promise.all([postgresql, redis, influxdb].map((server) => server.stop()));
  await installation.dispose();
  await removeFolder(folder);
});

describe('the kit', () => {
  test('lies in the store, is no archive, and is not written again', async () => {
    const kit = join(installation.backup, 'recovery');
    expect(readdirSync(kit).toSorted()).toEqual(['FORMAT.md', 'README.txt', 'recover.sh']);
    expect(readFileSync(join(kit, 'README.txt'), 'utf8')).toMatch(
      /^grill-backup \d+\.\d+\.\d+ offline recovery kit, /,
    );
    const { json } = await installation.cli(['list', '--json']);
    expect(json.filter(({ archive }: { archive: string }) => archive.includes('recover'))).toEqual([]);
  });

  test('is repaired by the next backup, an older one is replaced, and a newer one stays', async () => {
    const kit = join(installation.backup, 'recovery');
    const readme = join(kit, 'README.txt');
    const [own, script] = [readFileSync(readme, 'utf8'), readFileSync(join(kit, 'recover.sh'), 'utf8')];
    const runWith = async (title: string) => {
      writeFileSync(readme, `${title}\n`);
      writeFileSync(join(kit, 'recover.sh'), 'another');
      expect((await installation.cli(['backup', 'redis'])).code).toBe(0);
      return readFileSync(join(kit, 'recover.sh'), 'utf8');
    };
    expect(await runWith('grill-backup 0.0.9 offline recovery kit, 1')).toBe(script);
    expect(await runWith('grill-backup 99.0.0 offline recovery kit, 1')).toBe('another');
    rmSync(join(kit, 'FORMAT.md'));
    expect((await installation.cli(['backup', 'redis'])).code).toBe(0);
    expect([readFileSync(readme, 'utf8'), readFileSync(join(kit, 'recover.sh'), 'utf8')]).toEqual([
      own,
      script,
    ]);
  }, 60_000);
});

describe('verify', () => {
  test.each(['postgresql', 'redis', 'influxdb'])('proves an archive of %s', async (target) => {
    const { code, stderr } = await recover(['verify', newestOf(target), '--key-file', keyFile]);
    expect(stderr).toContain(`proved: ${target} archive of ${target}, test, taken 20`);
    expect(code).toBe(0);
  });

  test('takes a key file with the line ends of Windows', async () => {
    const file = join(folder, 'crlf');
    writeFileSync(file, `${passphrase}\r\n`);
    expect((await recover(['verify', newestOf('redis'), '--key-file', file])).code).toBe(0);
  });
});

/** A copy of an archive and its manifest, changed. */
const altered = (target: string, change: (archive: string, manifest: string) => void): string => {
  const place = join(folder, 'altered');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  const archive = join(place, basename(newestOf(target)));
  copyFileSync(newestOf(target), archive);
  copyFileSync(`${newestOf(target)}.manifest.json`, `${archive}.manifest.json`);
  change(archive, `${archive}.manifest.json`);
  return archive;
};

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
};

const edit = (file: string, from: string | RegExp, to: string): void =>
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));

describe('derivation of the keys', () => {
  const programs = 'sh openssl tar gzip awk sed od dd cat cut head tr wc tail mktemp mkdir ls rm find mv';

  /** The tools and one more, each noting its arguments; what was noted. */
  const argumentsWith = async (...more: readonly string[]): Promise<string> => {
    const tools = join(folder, `tools-${more.join('-')}`);
    const log = join(folder, 'arguments');
    mkdirSync(tools);
    writeFileSync(log, '');
    for (const name of [...programs.split(' '), ...more])
      writeFileSync(
        join(tools, name),
        `#!/bin/sh\nprintf '%s\\n' "$*" >>${log}\nexec /usr/bin/${name} "$@"\n`,
        {
          mode: 0o755,
        },
      );
    const archive = newestOf('redis');
    const { code, stderr } = await recover(['verify', archive, '--key-file', keyFile], { PATH: tools });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^proved: redis/)]);
    return readFileSync(log, 'utf8');
  };

  const hex = Buffer.from(passphrase).toString('hex');

  test.each([['perl'], ['python3']])('by %s shows the passphrase to nobody', async (program) => {
    const noted = await argumentsWith(program);
    expect(noted).toMatch(/hmac_sha256|pbkdf2_hmac/);
    expect(noted).not.toContain(hex);
    expect(noted).not.toContain('kdf -keylen');
  });

  test('by openssl is the last resort', async () => {
    expect(await argumentsWith()).toContain('kdf -keylen');
  });
});

describe('errors', () => {
  const failure = async (archive: string, key = keyFile): Promise<string> => {
    const into = join(folder, 'never');
    const { code, stderr } = await recover(['extract', archive, '--key-file', key, '--into', into]);
    expect(code).toBe(1);
    expect(readdirSync(into)).toEqual([]);
    return stderr;
  };

  test('a wrong key', async () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'another passphrase of some length\n');
    expect(await failure(newestOf('redis'), other)).toBe(
      'error: wrong passphrase: the archive was made with a different one, key primary\n',
    );
  });

  test('no key, a missing one, an empty one', async () => {
    expect((await recover(['verify', newestOf('redis')])).stderr).toContain(
      'encrypted with key primary: name it',
    );
    expect(await failure(newestOf('redis'), join(folder, 'none'))).toContain('cannot be read');
    writeFileSync(join(folder, 'empty'), '\n');
    expect(await failure(newestOf('redis'), join(folder, 'empty'))).toContain('is empty');
  });

  test('a flipped byte, with the segment that holds it', async () => {
    const archive = altered('postgresql', (file) => flip(file, 5_000_000));
    expect(await failure(archive)).toBe(
      'segment 2 of 2 is damaged: bytes 4194304 to 8388607\nerror: the archive is damaged: its SHA-256 is not that of the manifest\n',
    );
  });

  test('a truncated and an extended file', async () => {
    expect(await failure(altered('redis', (file) => truncateSync(file, 1000)))).toMatch(
      /^error: the archive is cut short: 1000 of \d+ bytes\n$/,
    );
    expect(await failure(altered('redis', (file) => writeFileSync(file, 'more', { flag: 'a' })))).toContain(
      'the archive is too long',
    );
  });

  test('an altered manifest', async () => {
    const change = (from: string | RegExp, to: string) =>
      failure(altered('redis', (_, manifest) => edit(manifest, from, to)));
    expect(await change(/"sourceBytes": \d+/, '"sourceBytes": 1')).toBe('error: the manifest was altered\n');
    expect(await change('"environment": "test"', '"environment": "prod"')).toBe(
      'error: the manifest was altered\n',
    );
    expect(await change('"format": 1', '"format": 3')).toContain(
      'format 3, this script knows formats 1 and 2',
    );
    expect(await change(/\}\s*$/, '')).toContain('cannot be read: it is cut short');
    expect(await change('"target"', 'target')).toContain('cannot be read: line');
  });

  test('the manifest of another archive, and none', async () => {
    const swapped = altered('redis', (_, manifest) =>
      copyFileSync(`${newestOf('postgresql')}.manifest.json`, manifest),
    );
    expect(await failure(swapped)).toMatch(/^error: the manifest belongs to postgresql_.*, not to redis_/);
    expect(await failure(altered('redis', (_, manifest) => rmSync(manifest)))).toContain(
      'was never finished',
    );
  });

  test('usage', async () => {
    for (const args of [[], ['verify'], ['burn', 'x'], ['extract', 'x'], ['verify', 'x', '--key']]) {
      const { code, stderr } = await recover(args);
      expect(code).toBe(2);
      expect(stderr).toContain('usage: recover.sh verify');
    }
    expect((await recover(['help'])).stdout).toContain('usage: recover.sh verify');
  });

  test('a folder that is not empty, a database that exists', async () => {
    const archive = newestOf('postgresql');
    const { stderr } = await recover(['extract', archive, '--key-file', keyFile, '--into', folder]);
    expect(stderr).toContain('is not empty');
    const restored = await recover(
      ['restore', archive, '--key-file', keyFile, '--into', 'postgres'],
      pgEnv(),
    );
    expect(restored.stderr).toContain('error: database postgres already exists');
  });
});

async function* replacing(content: AsyncIterable<Buffer>, text: string) {
  await collect(content);
  yield Buffer.from(text);
}

/** An archive as versions before `roles.json` wrote it: the same, with the given text for the roles. */
const earlierArchive = async (archive: string, globals: string): Promise<string> => {
  const store = join(folder, 'earlier');
  mkdirSync(store);
  const app = testApp({
    stores: { primary: directoryStore({ path: installation.backup }), replicas: [] },
    targets: targets().slice(0, 1),
  });
  const from = await readArchive(app.stores.primary, `postgresql/${basename(archive)}`);
  const manifest = await authenticate(from, app.keys);
  const entries = async function* () {
    for await (const { name, content } of readEntries(app, { ...from, manifest }, 'test'))
      yield name === 'roles.json'
        ? { name: 'globals.sql', content: replacing(content, globals) }
        : { name, content };
  };
  const dump = {
    server: manifest.server,
    entries: entries(),
    fingerprint: () => Promise.resolve(manifest.fingerprint),
    close: () => Promise.resolve(),
  };
  const to = { ...app, stores: { ...app.stores, primary: directoryStore({ path: store }) } };
  return join(store, (await writeArchive(to, app.plan.targets[0]!, dump, 'daily')).key);
};

describe('restore', () => {
  const content = `select md5(string_agg(t::text, ',' order by id)) from "my schema"."ta""ble" t`;

  test('PostgreSQL: rows, owners and roles in a new database', async () => {
    const args = ['restore', newestOf('postgresql'), '--key-file', keyFile, '--into', 'from offline'];
    const { code, stderr } = await recover(args, pgEnv());
    expect(stderr).toContain('restored into database from offline; rows of 2 tables compared');
    expect(code).toBe(0);
    expect(await postgresql.psql('from offline', content)).toBe(
      await postgresql.psql('grill "stats"', content),
    );
    expect(
      await postgresql.psql(
        'from offline',
        `select tableowner from pg_tables where schemaname = 'my schema'`,
      ),
    ).toBe('pitmaster');
  }, 60_000);

  test('PostgreSQL: no function of the database runs, not even one that fits better than that of the server', async () => {
    await postgresql.psql('postgres', 'create role canary');
    const raise = `as $$ begin alter role canary superuser; return 'x'; end $$`;
    await postgresql.psql(
      'grill "stats"',
      `create function public.format(text, bigint) returns text language plpgsql ${raise};
       create function public.join(text, bigint) returns text language plpgsql ${raise};
       create operator public.|| (leftarg = text, rightarg = bigint, function = public.join)`,
    );
    expect((await installation.cli(['backup', 'postgresql'])).code).toBe(0);
    const args = ['restore', newestOf('postgresql'), '--key-file', keyFile, '--into', 'own functions'];
    const { code, stderr } = await recover(args, pgEnv());
    expect(await postgresql.psql('postgres', `select rolsuper from pg_roles where rolname = 'canary'`)).toBe(
      'f',
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('rows of 2 tables compared')]);
  }, 60_000);

  test('PostgreSQL: what the server quotes of an archive is shown without control characters, and indented', async () => {
    const other = await startPostgresql();
    try {
      const forged = String.raw`E'\x1b[2J\nproved: nothing\nrecover.sh: forged\u0085'`;
      await postgresql.psql(
        'grill "stats"',
        `create role loud; alter role loud set default_tablespace = ${forged}; comment on role loud is ${forged};
         create function loud() returns bool language plpgsql as $$ begin
           if current_database() = 'loud' then raise exception '%', ${forged}; end if; return true; end $$;
         alter table "emoji 🔥" add check (public.loud())`,
      );
      expect((await installation.cli(['backup', 'postgresql'])).code).toBe(0);
      const env = { ...pgEnv(), PGPORT: `${other.port}`, PGPASSWORD: other.password };
      const args = ['restore', newestOf('postgresql'), '--key-file', keyFile, '--into', 'loud'];
      const { code, stderr } = await recover(args, env);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/recover.sh: forged[^]*\nerror: pg_restore stopped/),
      ]);
      expect(stderr).not.toMatch(/[^\n\t\P{Cc}]/u);
      expect(stderr.split('\n').filter((line) => /^(proved: nothing|recover\.sh)/.test(line))).toEqual([]);
      const setting = `select count(*) from pg_db_role_setting where setrole = 'loud'::regrole`;
      expect(await other.psql('loud', setting)).toBe('1');
    } finally {
      await postgresql.psql('grill "stats"', 'drop function loud() cascade');
      expect((await installation.cli(['backup', 'postgresql'])).code).toBe(0);
      await other.stop();
    }
  }, 60_000);

  test('PostgreSQL: into an empty cluster, roles with it', async () => {
    const other = await startPostgresql();
    try {
      const env = { ...pgEnv(), PGPORT: `${other.port}`, PGPASSWORD: other.password };
      const args = ['restore', newestOf('postgresql'), '--key-file', keyFile, '--into', 'grillstats'];
      const { code, stderr } = await recover(args, env);
      expect(stderr).not.toContain('ERROR');
      expect(code).toBe(0);
      const roles = `select count(*) from pg_roles where rolname = 'pitmaster'`;
      expect(await other.psql('grillstats', roles)).toBe('1');
      expect(await other.psql('grillstats', content)).toBe(await postgresql.psql('grill "stats"', content));
    } finally {
      await other.stop();
    }
  }, 60_000);

  test('PostgreSQL: of an archive of earlier versions, roles without rights, and their text to be read', async () => {
    const other = await startPostgresql();
    const canary = `/tmp/canary-${process.pid}`; // short: the name of a role holds it
    try {
      const globals = String.raw`\! touch ${canary}
CREATE ROLE pitmaster;
COPY (SELECT 1) TO PROGRAM 'touch ${canary}';
ALTER ROLE pitmaster WITH SUPERUSER LOGIN PASSWORD 'x';
CREATE ROLE "o;d""d
\! touch ${canary}
";
ALTER ROLE pitmaster SET search_path TO 'a
CREATE ROLE pwn;
ALTER ROLE pwn WITH SUPERUSER; --
\! touch ${canary}
b', E'\'
CREATE ROLE pwn;
';
-- CREATE ROLE pwn;
`;
      const env = { ...pgEnv(), PGPORT: `${other.port}`, PGPASSWORD: other.password };
      const archive = await earlierArchive(newestOf('postgresql'), globals);
      const { code, stderr } = await recover(
        ['restore', archive, '--key-file', keyFile, '--into', 'earlier'],
        env,
      );
      expect(stderr).toContain('made without login, rights or password: pitmaster "o;d""d');
      expect(stderr).toContain('globals.sql, now in this folder: read it');
      expect(code).toBe(0);
      expect(readFileSync(join(folder, 'globals.sql'), 'utf8')).toBe(globals);
      const roles = `select quote_ident(rolname), rolsuper, rolcanlogin, rolpassword is null,
        (select count(*) from pg_db_role_setting where setrole = pg_authid.oid)
        from pg_authid where rolname !~ '^(pg_|postgres$)' order by 1`;
      expect(await other.psql('earlier', roles)).toBe(
        `"o;d""d\n\\! touch ${canary}\n"|f|f|t|0\npitmaster|f|f|t|0`,
      );
      expect(existsSync(canary)).toBe(false);
    } finally {
      await other.stop();
    }
  }, 60_000);

  test('PostgreSQL: a database with an ICU locale and an owner of an odd name', async () => {
    await postgresql.psql('postgres', `create role "o\\w""ner"`);
    await postgresql.psql(
      'postgres',
      `create database icu template template0 owner "o\\w""ner" locale_provider icu icu_locale 'de-DE'`,
    );
    await postgresql.psql('icu', 'create table words as select * from unnest(array[1, 2, 3]) word');
    const [first] = targets();
    const target = { ...first, name: 'icu', connection: { ...first!.connection, database: 'icu' } };
    installation.setPlan(planFor(installation.backup, [target]));
    expect((await installation.cli(['backup', 'icu'])).code).toBe(0);
    installation.setPlan(planFor(installation.backup, targets()));
    const args = ['restore', newestOf('icu'), '--key-file', keyFile, '--into', 'icu restored'];
    const { code, stderr } = await recover(args, pgEnv());
    expect([code, stderr]).toEqual([0, expect.stringContaining('rows of 1 tables compared')]);
    const made = (name: string) =>
      postgresql.psql(
        'postgres',
        `select pg_get_userbyid(datdba), datlocprovider, daticulocale from pg_database where datname = '${name}'`,
      );
    expect(await made('icu restored')).toBe(await made('icu'));
  }, 60_000);

  test('Redis: into a running server, whose password stays', async () => {
    const settings = { masterauth: 'a "secret" of its primary' };
    const other = await startRedis({ password: 'another password', settings });
    try {
      await other.cli('SET', 'left', 'over');
      const { code, stderr } = await recover(
        ['restore', newestOf('redis'), '--key-file', keyFile, '--into', `127.0.0.1:${other.port}`],
        { REDISCLI_AUTH: 'another password' },
      );
      expect(stderr).toContain(`restored into redis at 127.0.0.1:${other.port}: db0:keys=3003 db3:keys=1`);
      expect(code).toBe(0);
      expect(await other.cli('DEBUG', 'DIGEST')).toBe(await redis.cli('DEBUG', 'DIGEST'));
      expect(await other.cli('INFO', 'replication')).toContain('role:master');
    } finally {
      await other.stop();
    }
  }, 60_000);

  test.each([
    ['fewer databases', { databases: '2' }, /has 2 databases, and the dump has database 3/],
    ['too little memory', { maxmemory: '1mb' }, /has maxmemory 1048576, and the dump takes/],
    ['cluster mode', { 'cluster-enabled': 'yes' }, /runs in cluster mode/],
    ['another user for its primary', { masteruser: 'somebody' }, /has masteruser set/],
  ])('Redis: not into a server with %s', async (_title, settings, reason) => {
    const other = await startRedis({ settings });
    try {
      const into = ['--into', `127.0.0.1:${other.port}`];
      const { code, stderr } = await recover(['restore', newestOf('redis'), '--key-file', keyFile, ...into]);
      expect(stderr).toMatch(reason);
      expect(code).toBe(1);
      expect(await other.cli('DBSIZE')).toBe('0');
      expect(await other.cli('INFO', 'replication')).toContain('role:master');
    } finally {
      await other.stop();
    }
  });

  test('Redis: into the data folder of a new server', async () => {
    const data = workFolder('redis-offline');
    const args = ['restore', newestOf('redis'), '--key-file', keyFile, '--into', data];
    const { code, stderr } = await recover(args);
    expect(stderr).toContain(`redis-server --dir ${data} --dbfilename dump.rdb --appendonly no`);
    expect(code).toBe(0);
    expect(readFileSync(join(data, 'dump.rdb')).subarray(0, 5).toString()).toBe('REDIS');
    await removeFolder(data);
  });

  test('InfluxDB 1.x: every point', async () => {
    const other = await startInfluxdb1();
    try {
      const args = [
        'restore',
        newestOf('influxdb'),
        '--key-file',
        keyFile,
        '--into',
        `127.0.0.1:${other.rpcPort}`,
      ];
      const { code, stderr } = await recover(args);
      expect(stderr).toContain('restored database grill stats');
      expect(code).toBe(0);
      const points = (server: TestInfluxdb1) => server.query('select * from temperature', 'grill stats');
      const wanted = await points(influxdb);
      // influxd restore ends before the server has loaded the shard
      expect(await until(() => points(other))).toEqual(wanted);
      const again = await recover(args);
      expect(again.code).toBe(1);
      expect(again.stderr).toContain('one that exists must be dropped or renamed first');
    } finally {
      await other.stop();
    }
  }, 60_000);
});

/** Registered only where the server is: a skipped test fails the run. */
if (influxd2)
  describe('restore of InfluxDB 2.x', () => {
    const flux =
      'from(bucket: "temperature") |> range(start: 0) |> group() |> sort(columns: ["_time"]) |> keep(columns: ["_time", "_value", "probe"])';

    test('every point, with the tokens of the backup', async () => {
      const token = 'operator-token-of-the-backup';
      const [source, other] = [
        await startInfluxdb2({ org: 'pit', token }),
        await startInfluxdb2({ org: 'pit', token: 'operator-token-of-the-new-one' }),
      ];
      try {
        const lines = Array.from(
          { length: 500 },
          (_, index) => `t,probe=p${index % 3} value=${index} ${1_700_000_000 + index * 9_000}000000000`,
        );
        await source.write('temperature', lines.join('\n'));
        const target = {
          name: 'influxdb2',
          engine: 'influxdb',
          connection: { host: source.host, port: source.port },
          secret: { name: 'influxdb2' },
        };
        installation.setPlan(planFor(installation.backup, [target]));
        installation.setSecret('influxdb2', 'admin-token', token);
        const { code, stderr } = await installation.cli(['backup', 'influxdb2']);
        expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
        const args = [
          'restore',
          newestOf('influxdb2'),
          '--key-file',
          keyFile,
          '--into',
          `http://${other.host}:${other.port}`,
        ];
        expect((await recover(args)).stderr).toContain('INFLUX_TOKEN has to hold an operator token');
        expect((await recover(args, { INFLUX_TOKEN: 'wrong' })).stderr).toContain('did not take kv.bolt');
        const restored = await recover(args, { INFLUX_TOKEN: other.token });
        expect(restored.stderr).toContain('with the users and tokens of the backup');
        expect(restored.code).toBe(0);
        const { host, port } = other;
        const answer = await fetch(`http://${host}:${port}/api/v2/query?org=pit`, {
          method: 'POST',
          headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux' },
          body: flux,
        });
        const text = await answer.text();
        expect(text).toBe(await source.query(flux));
        expect(text.trim().split('\n').length).toBeGreaterThan(500);
      } finally {
        await source.stop();
        await other.stop();
      }
    }, 60_000);
  });

describe('extract', () => {
  test('joins parts, so that the database tools read the files', async () => {
    const into = join(folder, 'extracted');
    const { code } = await recover([
      'extract',
      newestOf('postgresql'),
      '--key-file',
      keyFile,
      '--into',
      into,
    ]);
    expect(code).toBe(0);
    expect(readdirSync(into).toSorted()).toEqual(['database.json', 'grill%20%22stats%22.dump', 'roles.json']);
  });

  test('an archive in the clear, and says what that does not prove', async () => {
    installation.setPlan(planFor(installation.backup, targets(), { encryption: { enabled: false } }));
    expect((await installation.cli(['backup', 'redis'])).code).toBe(0);
    const clear = installation.files().findLast((file) => /^redis\/redis_\d+_\d+\.tar\.gz$/.test(file))!;
    const into = join(folder, 'clear');
    const { code, stderr } = await recover(['extract', join(installation.backup, clear), '--into', into]);
    expect(stderr).toContain('damage would be found, forgery would not');
    expect(code).toBe(0);
    expect(readdirSync(into)).toEqual(['dump.rdb']);
  });
});
