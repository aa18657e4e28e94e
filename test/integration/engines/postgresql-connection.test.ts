import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { captureText } from '../../kit/capture.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { binDir, startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
const folder = workFolder('pg-connection');
const data = join(folder, 'data');
const keys = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
let server: TestPostgresql;

/** Users `clear` and `clear_tls` give their passwords in clear text, as LDAP wants it. */
const hba = `
host all clear 127.0.0.1/32 password
hostssl replication all 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
local all all scram-sha-256
`;

const password = 'a password of the test';

beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        keys.key,
        '-out',
        keys.cert,
        ...subject,
      ],
    ],
    { stdio: 'ignore' },
  );
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const first = await startPostgresql({ data, password });
  await first.psql(
    'postgres',
    `CREATE ROLE clear SUPERUSER LOGIN PASSWORD '${password}'; CREATE DATABASE grill`,
  );
  await first.psql('grill', 'CREATE TABLE t AS SELECT generate_series(1, 100) n');
  await first.stop();
  writeFileSync(join(data, 'pg_hba.conf'), hba);
  writeFileSync(join(data, 'server.key'), readFileSync(keys.key), { mode: 0o600 });
  execFileSync('chown', ['--reference', join(data, 'PG_VERSION'), join(data, 'server.key')]);
  const settings = {
    ...{ ssl: 'on', ssl_cert_file: keys.cert, listen_addresses: '127.0.0.1,::1' },
  };
  server = await startPostgresql({ data, password, settings });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
  await removeFolder(folder);
});

const sourceOf = (connection: object = {}, username = 'postgres') => ({
  name: 'postgresql',
  connection: {
    ...{ host: server.host, port: server.port, database: 'grill', sslMode: 'prefer' as const },
    ...connection,
  },
  credentials: { username, password },
});

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const request = (saved: Saved, suffix: string, more: object = {}) => ({
  ...{ mode: 'replace' as const, suffix, expected: saved.fingerprint, server: saved.server },
  ...more,
});

const counted = { 'public.t': { rows: 100 } };

/** A server on loopback, and what clients sent to it. */
const listening = async (
  handle: (socket: Socket, connection: number) => void,
): Promise<{ port: number; close: () => void }> => {
  let connections = 0;
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    handle(socket, (connections += 1));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const close = () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  };
  return { port: (listener.address() as AddressInfo).port, close };
};

const forward = (socket: Socket, first?: Buffer): void => {
  const upstream = dial(server.port, '127.0.0.1');
  upstream.on('error', () => socket.destroy());
  if (first) upstream.write(first);
  socket.pipe(upstream).pipe(socket);
};

const clearTextRequest = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

/** Asks for the password in clear text, over TLS where `over`; `heard` gets what comes then. */
const askInClear = async (socket: Socket, over: boolean, heard: Buffer[]): Promise<void> => {
  const collect = (chunk: Buffer) => heard.push(chunk);
  const [begin] = (await once(socket, 'data')) as [Buffer];
  if (begin.readInt32BE(4) !== 80_877_103) {
    socket.on('data', collect).write(clearTextRequest);
    return;
  }
  if (!over) {
    socket.write('N');
    await once(socket, 'data');
    socket.on('data', collect).write(clearTextRequest);
    return;
  }
  socket.write('S');
  const secure = new TLSSocket(socket, {
    isServer: true,
    key: readFileSync(keys.key),
    cert: readFileSync(keys.cert),
  });
  secure.on('error', () => {});
  await once(secure, 'data');
  secure.on('data', collect).write(clearTextRequest);
};

describe('a password in clear text', () => {
  const refused = failure('source.refused', /asks for the password in clear text/);

  test('is refused, unless the plan says so or the server was verified', async () => {
    await expect(postgresql.probe(run, sourceOf({}, 'clear'))).rejects.toEqual(refused);
    await expect(postgresql.dump(run, sourceOf({ sslMode: 'require' }, 'clear'))).rejects.toEqual(refused);
    const allowed = await save(postgresql.dump(run, sourceOf({ clearTextPassword: true }, 'clear')));
    expect(allowed.fingerprint).toEqual(counted);
    process.env['PGSSLROOTCERT'] = keys.cert;
    try {
      const verified = sourceOf({ sslMode: 'verify-full' }, 'clear');
      expect((await save(postgresql.dump(run, verified))).fingerprint).toEqual(counted);
    } finally {
      delete process.env['PGSSLROOTCERT'];
    }
  });

  test.each([
    ['without TLS', false],
    ['over TLS', true],
  ])('is not sent to who asks for it %s', async (_, over) => {
    const heard: Buffer[] = [];
    const thief = await listening((socket) => void askInClear(socket, over, heard));
    try {
      await expect(postgresql.probe(run, sourceOf({ port: thief.port }))).rejects.toEqual(refused);
      expect(Buffer.concat(heard).toString()).not.toContain(password);
    } finally {
      thief.close();
    }
  });

  test('is not sent by pg_dump to who takes the place of the server after our own connection', async () => {
    const heard: Buffer[] = [];
    const turncoat = await listening((socket, connection) =>
      connection === 1 ? forward(socket) : void askInClear(socket, true, heard),
    );
    try {
      await expect(save(postgresql.dump(run, sourceOf({ port: turncoat.port })))).rejects.toEqual(
        failure('dump.failed', /channel binding/),
      );
      expect(Buffer.concat(heard).toString()).not.toContain(password);
    } finally {
      turncoat.close();
    }
  });

  test('is not sent without TLS after our own connection had it', async () => {
    const heard: Buffer[] = [];
    const turncoat = await listening((socket, connection) =>
      connection === 1 ? forward(socket) : void askInClear(socket, false, heard),
    );
    try {
      await expect(save(postgresql.dump(run, sourceOf({ port: turncoat.port })))).rejects.toEqual(
        failure('dump.failed', /does not support SSL/),
      );
      expect(Buffer.concat(heard).toString()).not.toContain(password);
    } finally {
      turncoat.close();
    }
  });
});

test('settings of the role, whatever they are, neither cut nor change a backup or restore', async () => {
  const settings = {
    statement_timeout: '1ms',
    lock_timeout: '1ms',
    idle_in_transaction_session_timeout: '1ms',
    idle_session_timeout: '100ms',
    default_transaction_read_only: 'on',
    default_transaction_isolation: 'serializable',
    default_transaction_deferrable: 'on',
    search_path: 'shadow, pg_catalog',
    quote_all_identifiers: 'on',
    DateStyle: 'German',
    extra_float_digits: '-5',
    client_encoding: 'LATIN1',
  };
  await server.psql(
    'grill',
    `CREATE SCHEMA shadow; CREATE FUNCTION shadow.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
     CREATE VIEW shadow.pg_class AS SELECT 1 AS oid; CREATE FUNCTION shadow.count() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  );
  const before = await save(postgresql.dump(run, sourceOf({ contentHash: true })));
  await server.psql('postgres', `CREATE ROLE odd SUPERUSER LOGIN PASSWORD '${password}'`);
  for (const [name, value] of Object.entries(settings))
    await server.psql(
      'postgres',
      `ALTER ROLE odd SET "${name}" TO ${name === 'search_path' ? value : `'${value}'`}`,
    );
  const odd = sourceOf({ contentHash: true }, 'odd');
  const saved = await save(postgresql.dump(run, odd));
  expect(saved.fingerprint).toEqual(before.fingerprint);
  const restored = await postgresql.restore(run, odd, replay(saved), request(saved, 'odd', { into: 'odd' }));
  expect(restored.fingerprint).toEqual(before.fingerprint);
  await server.psql('grill', 'DROP SCHEMA shadow CASCADE');
}, 60_000);

describe('a server', () => {
  test('at an IPv6 address and at a socket', async () => {
    for (const host of ['::1', server.socketFolder]) {
      const source = sourceOf({ host });
      const saved = await save(postgresql.dump(run, source));
      expect(saved.fingerprint).toEqual(counted);
      await postgresql.restore(run, source, replay(saved), request(saved, 'trial', { mode: 'trial' }));
    }
  });

  test('without a database `postgres`', async () => {
    const saved = await save(postgresql.dump(run, sourceOf()));
    await server.psql('template1', 'ALTER DATABASE postgres RENAME TO gone');
    try {
      const restored = await postgresql.restore(run, sourceOf(), replay(saved), request(saved, 'gone'));
      expect(restored.fingerprint).toEqual(counted);
      await server.psql('grill', 'DELETE FROM t');
      await captureText('sh', ['-c', restored.undo!], {
        env: { PGPASSWORD: password, PATH: `${binDir}:/usr/bin:/bin` },
      });
      expect(await postgresql.fingerprint(run, sourceOf(), run.now())).toEqual(counted);
    } finally {
      await server.psql('template1', 'ALTER DATABASE gone RENAME TO postgres');
    }
  });

  test('whose pooler refuses options at the start gets its settings later', async () => {
    const refusal = (text: string) => {
      const fields = Buffer.from(`SFATAL\0C08P01\0M${text}\0\0`);
      const head = Buffer.alloc(5);
      head.write('E');
      head.writeInt32BE(fields.length + 4, 1);
      return Buffer.concat([head, fields]);
    };
    const pooler = await listening((socket) => {
      const onData = (chunk: Buffer): void => {
        if (chunk.readInt32BE(4) === 80_877_103) socket.once('data', onData).write('N');
        else if (chunk.includes('options\0')) socket.end(refusal('unsupported startup parameter: options'));
        else forward(socket, chunk);
      };
      socket.once('data', onData);
    });
    try {
      const saved = await save(postgresql.dump(run, sourceOf({ port: pooler.port })));
      expect(saved.fingerprint).toEqual(counted);
      const hashed = sourceOf({ port: pooler.port, contentHash: true }); // by queries: pg_dump lacks the settings
      for (const measures of Object.values((await save(postgresql.dump(run, hashed))).fingerprint))
        expect(measures).toMatchObject({ hash: expect.any(String) });
    } finally {
      pooler.close();
    }
  });

  test('that answers with an error to the question for TLS is quoted', async () => {
    const text = 'SFATAL\0C08P01\0Mno more connections allowed (max_client_conn)\0\0';
    const pooler = await listening((socket) => {
      socket.once('data', () => socket.end(`E\0\0\0${String.fromCharCode(text.length + 4)}${text}`));
    });
    try {
      await expect(postgresql.probe(run, sourceOf({ port: pooler.port }))).rejects.toEqual(
        failure('source.unreachable', /no more connections allowed \(max_client_conn\)/),
      );
    } finally {
      pooler.close();
    }
  });

  test('that has no connection left for the account is quoted', async () => {
    await server.psql(
      'postgres',
      `CREATE ROLE narrow LOGIN CONNECTION LIMIT 1 PASSWORD '${password}' IN ROLE pg_read_all_data`,
    );
    await expect(save(postgresql.dump(run, sourceOf({}, 'narrow')))).rejects.toEqual(
      failure('dump.failed', /too many connections for role "narrow"/),
    );
  });
});

describe('the log', () => {
  const log = postgresql.log!;

  test('comes over TLS from a verified server, and from no other', async () => {
    const verified = sourceOf({ sslMode: 'verify-full' });
    const untrusted = expect.objectContaining({ code: 'source.untrusted' });
    const slot = { name: 'verified', allowUnlimited: true };
    await expect(log.identify(run, verified)).rejects.toEqual(untrusted); // its own signature is no CA of the system
    process.env['PGSSLROOTCERT'] = keys.cert;
    try {
      const { state } = await log.openSlot(run, verified, slot);
      const stream = await log.stream(run, verified, { slot: slot.name, timeline: 1, from: state.restart! });
      for await (const { from, bytes } of stream.chunks) {
        stream.confirm(from + BigInt(bytes.length));
        break;
      }
      const encrypted = 'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)';
      expect((await server.psql('grill', encrypted)).trim()).toBe('t');
      await stream.close();
      const misnamed = sourceOf({ sslMode: 'verify-full', host: '::1' }); // not in the certificate
      await expect(log.identify(run, misnamed)).rejects.toEqual(untrusted);
      await until(() => log.dropSlot(run, verified, slot.name).then(() => true));
    } finally {
      delete process.env['PGSSLROOTCERT'];
    }
  });
});
