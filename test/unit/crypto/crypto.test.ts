import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openKey, type Key } from '../../../runtime/src/crypto/key-ring.ts';
import { archiveKeysOf, type ArchiveKeys } from '../../../runtime/src/crypto/archive-keys.ts';
import { open } from '../../../runtime/src/crypto/open.ts';
import { startSealing } from '../../../runtime/src/crypto/seal.ts';
import { segmentBytes, type Seal } from '../../../runtime/src/crypto/segments.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const passphrase = 'correct horse battery staple';
const id = 'a'.repeat(32);
let ring: Key;
let key: ArchiveKeys;

const keyFor = (salt: Buffer, macSalt: Buffer): Promise<ArchiveKeys> =>
  archiveKeysOf(ring, { salt: salt.toString('hex'), macSalt: macSalt.toString('hex') });

const sealed = async (
  plain: Buffer,
  with_: ArchiveKeys | undefined = key,
): Promise<{ bytes: Buffer; seal: Seal }> => {
  const sealing = startSealing(streamOf(plain), id, with_);
  const bytes = await collect(sealing.bytes);
  return { bytes, seal: sealing.seal() };
};

beforeAll(async () => {
  ring = openKey('primary', passphrase);
  key = await keyFor(randomBytes(8), randomBytes(16));
});

describe('seal', () => {
  test('the real openssl opens it', async () => {
    const folder = workFolder('openssl');
    const plain = randomBytes(300_001);
    const { bytes } = await sealed(plain);
    writeFileSync(join(folder, 'key'), `${passphrase}\n`);
    writeFileSync(join(folder, 'archive'), bytes);
    const opened = execFileSync('openssl', [
      ...['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-iter', '100000', '-md', 'sha256'],
      ...['-pass', `file:${join(folder, 'key')}`, '-in', join(folder, 'archive')],
    ]);
    expect(opened.equals(plain)).toBe(true);
    await removeFolder(folder);
  });

  // CBC pads to 16 bytes after a header of 16, so these plaintexts end just before, on and after a segment's border.
  test.each([
    0,
    1,
    segmentBytes - 33,
    segmentBytes - 32,
    segmentBytes - 17,
    segmentBytes - 16,
    segmentBytes,
    2 * segmentBytes + 5,
  ])('opens what it sealed: %d bytes', async (length) => {
    const plain = randomBytes(length);
    const { bytes, seal } = await sealed(plain);
    expect(seal.bytes).toBe(bytes.length);
    expect(seal.segments).toHaveLength(Math.ceil(bytes.length / segmentBytes));
    expect((await collect(open(streamOf(bytes), id, seal, key))).equals(plain)).toBe(true);
  });

  test('without a key the bytes pass unchanged and damage is still found', async () => {
    const sealing = startSealing(streamOf('plain text'), id, undefined);
    const bytes = await collect(sealing.bytes);
    expect(bytes.toString()).toBe('plain text');
    await expect(collect(open(streamOf('plain tExt'), id, sealing.seal(), undefined))).rejects.toMatchObject({
      code: 'archive.damaged',
    });
  });
});

describe('open releases nothing that is not authentic', () => {
  const plain = randomBytes(3 * segmentBytes);
  let bytes: Buffer;
  let seal: Seal;
  beforeAll(async () => ({ bytes, seal } = await sealed(plain)));

  const released = async (
    altered: Buffer,
    with_ = seal,
    archiveId = id,
  ): Promise<{ plain: Buffer; code: string; message: string }> => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of open(streamOf(altered), archiveId, with_, key)) chunks.push(chunk);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { plain: Buffer.concat(chunks), code, message };
    }
    return { plain: Buffer.concat(chunks), code: 'none', message: '' };
  };

  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };

  test.each([0, 8, 15, 16, 1000, segmentBytes - 1])(
    'one flipped bit in the first segment, at %d: nothing is released',
    async (at) => {
      const result = await released(flipped(at));
      expect(result).toMatchObject({ code: 'archive.damaged', plain: Buffer.alloc(0) });
      expect(result.message).toContain('archive was altered between byte 0 and');
    },
  );

  test('a flipped bit in a later segment: only the segments before it are released', async () => {
    const result = await released(flipped(2 * segmentBytes + 5));
    expect(result.code).toBe('archive.damaged');
    expect(result.plain.length).toBeLessThanOrEqual(2 * segmentBytes);
    expect(plain.subarray(0, result.plain.length).equals(result.plain)).toBe(true);
  });

  test.each([0, 10, segmentBytes, segmentBytes + 1, 3 * segmentBytes])('cut to %d bytes', async (length) => {
    const result = await released(bytes.subarray(0, length));
    expect(result.code).toBe('archive.truncated');
    expect(result.message).toBe(`archive ends after ${length} of ${bytes.length} bytes`);
  });

  test('one byte more', async () => {
    expect(await released(Buffer.concat([bytes, Buffer.from('x')]))).toMatchObject({
      code: 'archive.damaged',
    });
  });

  test('two segments swapped', async () => {
    const [a, b, rest] = [
      bytes.subarray(0, segmentBytes),
      bytes.subarray(segmentBytes, 2 * segmentBytes),
      bytes.subarray(2 * segmentBytes),
    ];
    expect((await released(Buffer.concat([b, a, rest]))).plain).toHaveLength(0);
    const digests = [seal.segments[1]!, seal.segments[0]!, ...seal.segments.slice(2)];
    const both = await released(Buffer.concat([b, a, rest]), { ...seal, segments: digests });
    expect(both.code).not.toBe('none');
    expect(both.plain).toHaveLength(0);
  });

  test('an archive that ends early with a seal that says so', async () => {
    const shorter = { ...seal, bytes: segmentBytes, segments: seal.segments.slice(0, 1) };
    expect((await released(bytes.subarray(0, segmentBytes), shorter)).code).toBe('archive.damaged');
  });

  test('the seal of another archive id', async () => {
    expect((await released(bytes, seal, 'b'.repeat(32))).code).toBe('archive.damaged');
  });

  test('another archive under this manifest is called swapped', async () => {
    const other = await sealed(
      plain,
      await keyFor(Buffer.from([...key.salt].map((byte) => byte ^ 0xff)), randomBytes(16)),
    );
    expect(await released(other.bytes)).toMatchObject({
      code: 'archive.swapped',
      message: 'the manifest belongs to another archive',
      plain: Buffer.alloc(0),
    });
  });

  test('a source that breaks says why', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 100);
      throw new Error('connection reset');
    }
    await expect(collect(open(broken(), id, seal, key))).rejects.toThrow('connection reset');
  });
});

describe('key ring', () => {
  test.each([
    ['short', 'encryption key primary has 5 characters, at least 20 are needed'],
    ['please-change-me-please', 'encryption key primary is a placeholder'],
    ['xxxxxxxxxxxxxxxxxxxxxxxxx', 'encryption key primary is a placeholder'],
  ])('refuses %s', (secret, message) => {
    expect(() => openKey('primary', secret)).toThrow(message);
  });

  test('a newline at the end of the secret does not count', async () => {
    const salt = randomBytes(16);
    const [a, b] = await Promise.all([
      ring.macKeys(salt),
      openKey('primary', `${passphrase}\n`).macKeys(salt),
    ]);
    expect(a.keyCheck).toBe(b.keyCheck);
  });
});
