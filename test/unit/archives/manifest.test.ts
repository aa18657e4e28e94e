import { canonical } from '../../../runtime/src/core/canonical-json.ts';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  authenticateManifest,
  decodeManifest,
  encodeManifest,
  type Manifest,
} from '../../../runtime/src/archives/manifest.ts';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';

const archive = 'postgresql_20240101_020000.tar.gz.enc';
const key = openKey('primary', 'correct horse battery staple');
const ring: KeyRing = [key];
let manifest: Manifest;

const read = async (text: string, name = archive, keys: KeyRing | undefined = ring): Promise<Manifest> =>
  authenticateManifest(decodeManifest(text, `${name}.manifest.json`), name, keys);

beforeAll(async () => {
  const macSalt = Buffer.alloc(16, 7);
  manifest = {
    format: 1,
    id: 'ab'.repeat(16),
    environment: 'dev',
    target: 'postgresql',
    engine: 'postgresql',
    archive,
    tier: 'daily',
    program: 'grill-backup 0.1.0',
    server: { product: 'PostgreSQL', version: '15.18', tools: { pg_dump: '15.18' } },
    startedAt: '2024-01-01T02:00:00.000Z',
    finishedAt: '2024-01-01T02:00:09.000Z',
    sourceBytes: 100,
    archiveBytes: 64,
    compression: { algorithm: 'gzip', level: 1 },
    encryption: {
      keyId: 'primary',
      cipher: 'aes-256-cbc',
      kdf: 'pbkdf2-hmac-sha256',
      iterations: 100_000,
      salt: '00'.repeat(8),
      macSalt: macSalt.toString('hex'),
      keyCheck: (await key.macKeys(macSalt)).keyCheck,
    },
    seal: { bytes: 64, sha256: 'cd'.repeat(32), segmentBytes: 4 << 20, segments: ['ef'.repeat(32)] },
    entries: [{ name: 'grillstats.dump', bytes: 100 }],
    fingerprint: { 'public.users': { rows: 3 } },
    verifications: [],
  };
});

/** Every leaf of a value, as a path. */
const leaves = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, field]) => leaves(field, [...path, key]))
    : [path];

/** The same kind of value, but another: what an attacker would write. */
const altered = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string')
    return /^[0-9a-f]+$/.test(value)
      ? `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`
      : `${value}x`;
  return [{ at: '2024-01-01T02:00:00.000Z', level: 'deep', ok: true }];
};

const withAltered = (value: unknown, [key, ...rest]: readonly string[]): unknown => {
  if (key === undefined) return altered(value);
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = withAltered(copy[key], rest);
  return copy;
};

describe('manifest', () => {
  test('comes back as it was written', async () => {
    expect(await read(await encodeManifest(manifest, ring))).toEqual(manifest);
  });

  test('no field can be altered', async () => {
    const text = await encodeManifest(manifest, ring);
    const paths = leaves(JSON.parse(text));
    expect(paths.length).toBeGreaterThan(25);
    for (const path of paths)
      await expect(read(JSON.stringify(withAltered(JSON.parse(text), path)))).rejects.toMatchObject({
        exitCode: 6,
      });
  });

  test('an altered fingerprint is named', async () => {
    const text = (await encodeManifest(manifest, ring)).replace('"rows": 3', '"rows": 4');
    await expect(read(text)).rejects.toThrow(`manifest of ${archive} was altered`);
  });

  test('another key is called that, not damage', async () => {
    const other: KeyRing = [openKey('primary', 'another passphrase of good length')];
    await expect(read(await encodeManifest(manifest, ring), archive, other)).rejects.toMatchObject({
      code: 'key.wrong',
      message: `archive ${archive} was encrypted with a different passphrase than key primary has now`,
    });
  });

  test('a key that is not at hand is named', async () => {
    const other: KeyRing = [openKey('k2', 'another passphrase of good length')];
    await expect(read(await encodeManifest(manifest, ring), archive, other)).rejects.toThrow(
      `archive ${archive} was encrypted with key primary; available: k2`,
    );
  });

  test('an old key behind a new one still opens', async () => {
    const rotated: KeyRing = [openKey('k2', 'another passphrase of good length'), key];
    expect(await read(await encodeManifest(manifest, ring), archive, rotated)).toEqual(manifest);
  });

  test('the manifest of another archive is swapped', async () => {
    const other = 'postgresql_20240102_020000.tar.gz.enc';
    await expect(read(await encodeManifest(manifest, ring), other)).rejects.toMatchObject({
      code: 'archive.swapped',
      message: `the manifest beside ${other} belongs to ${archive}`,
    });
  });

  test('an archive in the clear is not taken where the plan demands encryption', async () => {
    const text = await encodeManifest({ ...manifest, encryption: null }, undefined);
    await expect(read(text)).rejects.toThrow(
      `archive ${archive} is not encrypted, but the plan demands encryption`,
    );
  });

  test('an encrypted archive without a key', async () => {
    const text = await encodeManifest(manifest, ring);
    await expect(authenticateManifest(decodeManifest(text, 'm'), archive, undefined)).rejects.toThrow(
      'no key is available',
    );
  });

  test.each([
    ['', 'Unexpected end of JSON input'],
    ['{"format": 1', 'Expected'],
    ['{"format": 9}', 'Invalid'],
    ['[]', 'Invalid input'],
  ])('what cannot be read is refused: %s', (text, message) => {
    expect(() => decodeManifest(text, 'a.manifest.json')).toThrow(message);
    expect(() => decodeManifest(text, 'a.manifest.json')).toThrow(
      /^manifest a\.manifest\.json cannot be read: /,
    );
  });

  /** What JSON.parse reads as the same document, or as one that is not what was authenticated. */
  const otherTexts: Readonly<Record<string, (text: string) => string>> = {
    'without line ends': (text) => JSON.stringify(JSON.parse(text)),
    'without the last line end': (text) => text.trimEnd(),
    'with line ends of Windows': (text) => text.replaceAll('\n', '\r\n'),
    'with a byte order mark': (text) => `\uFEFF${text}`,
    'with a second document': (text) => `${text}{}`,
    'with a field twice, the authentic one last': (text) =>
      text.replace(' "target"', ' "target": "x",\n "target"'),
    'with a field twice, deep': (text) => text.replace('  "rows": 3', '  "rows": 9,\n   "rows": 3'),
    'with a key of escapes': (text) => text.replace('"target"', '"\\u0074arget"'),
    'with an exponent': (text) => text.replace('"sourceBytes": 100', '"sourceBytes": 1e2'),
    'with a fraction of zero': (text) => text.replace('"sourceBytes": 100', '"sourceBytes": 100.0'),
    'with negative zero': (text) => text.replace('"rows": 0', '"rows": -0'),
  };

  test.each(Object.entries(otherTexts))('the same document %s is refused', async (_, change) => {
    const items = { 'public.users': { rows: 3 }, 'public.empty': { rows: 0 } };
    const text = await encodeManifest({ ...manifest, sourceBytes: 100, fingerprint: items }, ring);
    expect(change(text)).not.toBe(text);
    expect(() => decodeManifest(change(text), 'a.manifest.json')).toThrow(
      /^manifest a\.manifest\.json cannot be read: /,
    );
  });

  test('names of any kind come back, those that JavaScript keeps for itself too', async () => {
    const names = ['__proto__', 'constructor', '10', '2', 'a"b\\c\n', '\uFF01', '\u{1F525}', ''];
    const fingerprint = Object.fromEntries(names.map((name, index) => [name, { [name]: index }]));
    const found = await read(await encodeManifest({ ...manifest, fingerprint }, ring));
    expect(Object.keys(found.fingerprint).toSorted()).toEqual(names.toSorted());
  });

  test.each(['1000000000000', '0', '99999'])(
    '%s rounds are refused before one is computed',
    async (rounds) => {
      const text = (await encodeManifest(manifest, ring)).replace('100000', rounds);
      expect(() => decodeManifest(text, 'a.manifest.json')).toThrow('expected 100000');
    },
  );

  test('what no reader would take is not written', async () => {
    const entries = [{ name: '../dump.rdb', bytes: 1 }];
    await expect(encodeManifest({ ...manifest, entries }, ring)).rejects.toMatchObject({
      code: 'manifest.damaged',
    });
  });

  test('canonical JSON does not depend on the order of keys', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: undefined, e: 2 })).toBe(
      '{"b":[1,{"c":"x","d":null}],"e":2}',
    );
  });
});
