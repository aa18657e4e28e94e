import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { pack as tarPack } from 'tar-stream';
import { gunzip, gzip } from '../../../runtime/src/pipeline/gzip.ts';
import { canIgzip } from '../../../runtime/src/pipeline/igzip.ts';
import { testRun } from '../../kit/run.ts';
import { pack } from '../../../runtime/src/pipeline/pack.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { unpack } from '../../../runtime/src/pipeline/unpack.ts';
import type { Entries } from '../../../runtime/src/core/entries.ts';
import {
  brokenStream,
  collect,
  endlessStream,
  entriesOf,
  randomStream,
  readAll,
  streamOf,
} from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';

const mtime = new Date('2024-01-01T02:00:00Z');
const partBytes = 4 << 20;

describe('pack and unpack', () => {
  test('entries come back as they were, parts joined', async () => {
    const contents = {
      'empty.sql': Buffer.alloc(0),
      'folder/small.sql': Buffer.from('select 1'),
      'large.dump': randomBytes(2 * partBytes + 12_345),
      'last.rdb': randomBytes(partBytes),
    };
    const found = await readAll(unpack(pack(entriesOf(contents), mtime)));
    expect(Object.keys(found)).toEqual(Object.keys(contents));
    for (const [name, content] of Object.entries(contents)) expect(found[name]!.equals(content)).toBe(true);
  });

  test('chunks of any size are cut and joined again', async () => {
    const large = await collect(randomStream(3 * partBytes + 1));
    async function* entries(): Entries {
      yield {
        name: 'a',
        content: (async function* () {
          for (let at = 0; at < large.length; at += 1_000_003) yield large.subarray(at, at + 1_000_003);
        })(),
      };
    }
    expect((await readAll(unpack(pack(entries(), mtime))))['a']!.equals(large)).toBe(true);
  });

  test('the real tar reads it, and cat joins the parts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'grill-tar-'));
    const large = randomBytes(partBytes + 777);
    async function* entries(): Entries {
      yield { name: 'db.dump', content: streamOf(large.subarray(0, partBytes), large.subarray(partBytes)) };
      yield* entriesOf({ 'globals.sql': 'create role x' });
    }
    const bytes = await collect(pack(entries(), mtime));
    writeFileSync(join(folder, 'a.tar'), bytes);
    execFileSync('tar', ['xf', 'a.tar'], { cwd: folder });
    const parts = readdirSync(folder)
      .filter((name) => name.startsWith('db.dump.part-'))
      .toSorted();
    expect(parts).toEqual(['db.dump.part-000000', 'db.dump.part-000001']);
    expect(Buffer.concat(parts.map((name) => readFileSync(join(folder, name)))).equals(large)).toBe(true);
    expect(readFileSync(join(folder, 'globals.sql'), 'utf8')).toBe('create role x');
    rmSync(folder, { recursive: true });
  });

  test('an entry that breaks breaks the archive', async () => {
    async function* entries(): Entries {
      yield { name: 'a', content: brokenStream(new Error('dump tool died'), 'half of it') };
    }
    await expect(collect(pack(entries(), mtime))).rejects.toThrow('dump tool died');
  });

  test('a reader that stops early stops the entries', async () => {
    let closed = false;
    const endless = endlessStream(() => (closed = true));
    async function* entries(): Entries {
      yield { name: 'a', content: endless };
    }
    const reading = (async () => {
      for await (const _chunk of pack(entries(), mtime)) throw new Error('disk full');
    })();
    await expect(reading).rejects.toThrow('disk full');
    expect(closed).toBe(true);
  });
});

const tarWith = async (
  ...headers: readonly { name: string; type?: 'symlink' | 'directory' | 'file'; linkname?: string }[]
) => {
  const tar = tarPack();
  for (const header of headers)
    if (header.type === 'symlink' || header.type === 'directory') tar.entry(header).end(undefined);
    else tar.entry(header, 'content');
  tar.finalize();
  return collect(tar as unknown as AsyncIterable<Buffer>);
};

describe('unpack refuses what pack does not write', () => {
  test.each([
    ['/etc/passwd', 'leaves the archive'],
    ['../../etc/passwd', 'leaves the archive'],
    ['a/../b', 'leaves the archive'],
    ['a//b', 'leaves the archive'],
    ['a\\b', 'leaves the archive'],
    ['a.part-000001', 'part a.part-000001 is out of order'],
  ])('name %s', async (name, message) => {
    await expect(readAll(unpack(streamOf(await tarWith({ name }))))).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(message),
    });
  });

  test('a symbolic link', async () => {
    const bytes = await tarWith({ name: 'link', type: 'symlink', linkname: '/etc/passwd' });
    await expect(readAll(unpack(streamOf(bytes)))).rejects.toThrow(
      'entry link is a symlink, expected a plain file',
    );
  });

  test('a missing part in the middle', async () => {
    const bytes = await tarWith({ name: 'a.part-000000' }, { name: 'a.part-000002' });
    await expect(readAll(unpack(streamOf(bytes)))).rejects.toThrow('part a.part-000002 is out of order');
  });

  test('bytes that are no tar', async () => {
    await expect(readAll(unpack(streamOf(Buffer.alloc(4096, 'x'))))).rejects.toMatchObject({
      code: 'archive.damaged',
    });
  });

  test('a source that breaks is what the reader hears', async () => {
    const bytes = await collect(pack(entriesOf({ a: Buffer.alloc(200_000, 1) }), mtime));
    const broken = brokenStream(
      new BackupError('archive.truncated', 'archive ends early'),
      bytes.toString('latin1').slice(0, 9000),
    );
    await expect(readAll(unpack(broken))).rejects.toThrow('archive ends early');
  });

  test('an entry that the reader skips', async () => {
    const reading = (async () => {
      for await (const _entry of unpack(pack(entriesOf({ a: 'x', b: 'y' }), mtime)));
    })();
    await expect(reading).rejects.toThrow('entry a was not read to its end');
  });

  test('a tar that is cut', async () => {
    const bytes = await collect(pack(entriesOf({ a: Buffer.alloc(5000, 1) }), mtime));
    await expect(readAll(unpack(streamOf(bytes.subarray(0, 3000))))).rejects.toMatchObject({
      code: 'archive.damaged',
    });
  });
});

describe.each([
  ['igzip', 1],
  ['zlib', 6],
])('gzip by %s', (program, level) => {
  const run = testRun();
  afterAll(() => run.dispose());

  test('is what the name says: igzip is installed here', () =>
    expect(canIgzip(level)).toBe(program === 'igzip'));

  test('makes one legal gzip file', async () => {
    const bytes = await collect(randomStream(5_500_000));
    const zipped = await collect(gzip(run, streamOf(bytes), level));
    expect((await collect(gunzip(streamOf(zipped)))).equals(bytes)).toBe(true);
    expect(execFileSync('gzip', ['-dc'], { input: zipped, maxBuffer: 1 << 26 }).equals(bytes)).toBe(true);
  });

  test('a source that breaks breaks it', async () => {
    const broken = () => brokenStream(new Error('dump tool died'), 'x'.repeat(100_000));
    await expect(collect(gzip(run, broken(), level))).rejects.toThrow('dump tool died');
    await expect(collect(gunzip(brokenStream(new Error('store went away'))))).rejects.toThrow(
      'store went away',
    );
  });

  test('a reader that stops early stops the source', async () => {
    let closed = false;
    const endless = endlessStream(() => (closed = true));
    const reading = (async () => {
      for await (const _chunk of gzip(run, endless, level)) throw new Error('disk full');
    })();
    await expect(reading).rejects.toThrow('disk full');
    await until(() => closed);
  });

  test('a cut file is not the end', async () => {
    const zipped = await collect(gzip(run, randomStream(100_000), level));
    await expect(collect(gunzip(streamOf(zipped.subarray(0, 50_000))))).rejects.toThrow(
      'unexpected end of file',
    );
  });
});
