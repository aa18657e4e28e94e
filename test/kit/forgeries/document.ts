import { pick, type Random } from './random.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Document = Record<string, Json>;

/** Values at the borders of what a field may hold, and far beyond. */
const oddValues: readonly Json[] = [
  null, true, false, '', 'x', '\u0000', '../x', 'a//b', 'a/./b', '/etc/passwd', 'a\\b', 'A\nB', '\u{1F525}', '\u001b[2J', '\u009b2J', '\uD800',
  -1, 0, 1, 1.5, 0.1 + 0.2, 1e-7, 1e21, 2 ** 53 - 1, 2 ** 53, 1e12, 99_999, 100_000, 100_001, 4096, 4 << 20, 64 << 20,
  'AB', 'ab', 'ab'.repeat(8), 'ab'.repeat(16), 'ab'.repeat(32), 'AB'.repeat(32), 'ab'.repeat(33),
  '2024-02-29T02:00:00.000Z', '2023-02-29T02:00:00.000Z', '2024-01-01T24:00:00.000Z', '2024-01-01T02:00:00Z', '2024-01-01T02:00:00.000+00:00',
  'gzip', 'zstd', 'aes-256-gcm', 'pbkdf2-hmac-sha1', 'daily', 'hourly', 'deep', '\n'.repeat((1 << 19) - 1), 'a'.repeat(1 << 20), [], {}, [[]], { x: 1 }, ['ab'.repeat(32)],
]; // prettier-ignore

const oddKeys = [
  '__proto__',
  'constructor',
  '',
  ' ',
  '1',
  '10',
  '4294967294',
  '4294967295',
  'format',
  'Format',
  'a.b',
  'a"b',
  'a\\b',
  'a\tb',
  'é',
  '\uFF01',
  '\u{1F525}',
  '\uFFFD',
  '\n'.repeat(2048),
  'a'.repeat(4097),
  'rows',
  'problem',
  'seconds',
];

const isObject = (value: Json): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every place of a document: how to read, to replace and to remove what is there. */
const placesOf = (value: Json, path: readonly string[] = []): readonly (readonly string[])[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))
    : []),
];

const at = (document: Document, path: readonly string[]): Json =>
  path.reduce<Json>((value, key) => (value as Document)[key]!, document);

const own = (target: Json, key: string, value: Json): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
};

const somewhere = (document: Document, random: Random): readonly string[] =>
  pick(
    random,
    placesOf(document).filter((path) => path.length > 0),
  );

/** Changes a document in place, as somebody with the key could. */
export type DocumentForgery = (document: Document, random: Random, other: Document) => void;

const remove = (document: Document, path: readonly string[]): void => {
  const parent = at(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  else delete (parent as Document)[path.at(-1)!];
};

/** A verification that a manifest may hold, with one odd value. */
const verification = (random: Random): Document => ({
  at: '2024-01-01T02:00:00.000Z',
  level: pick(random, ['deep', 'drill']),
  ok: random(2) === 0,
  ...(random(2) && {
    seconds: pick(random, [0, 1e-7, 1e-6, 0.1 + 0.2, 12.345, random(1e9) / 7, 999_999_999.5, 1e9]),
  }),
  ...(random(2) && { problem: pick(random, ['archive.damaged', 'a"b\\c', '\u001b', '\u{1F525}']) }),
});

export const documentForgeries: Readonly<Record<string, DocumentForgery>> = {
  'replace a value': (document, random) => {
    const path = somewhere(document, random);
    own(at(document, path.slice(0, -1)), path.at(-1)!, structuredClone(pick(random, oddValues)));
  },
  'remove a value': (document, random) => remove(document, somewhere(document, random)),
  'add a field': (document, random) => {
    const objects = placesOf(document).filter((path) => isObject(at(document, path)));
    own(at(document, pick(random, objects)), pick(random, oddKeys), structuredClone(pick(random, oddValues)));
  },
  'take a value from another manifest': (document, random, other) => {
    const path = somewhere(other, random);
    const [first] = path;
    document[first!] = structuredClone(other[first!]!);
  },
  'count odd things': (document, random) => {
    const fingerprint: Document = {};
    for (let items = random(6); items >= 0; items--)
      own(fingerprint, pick(random, oddKeys) + pick(random, ['', '', 'x']), {
        [pick(random, oddKeys.slice(1))]: pick(random, [0, 7, -7, '2400..', 'é\n']),
      });
    document['fingerprint'] = fingerprint;
  },
  'use odd tools': (document, random) => {
    (document['server'] as Document)['tools'] = Object.fromEntries([
      [pick(random, oddKeys), pick(random, ['15.18', '\u007f', '"'])],
    ]);
  },
  'add verifications': (document, random) => {
    document['verifications'] = Array.from({ length: random(4) }, () => verification(random));
  },
  'claim another size': (document, random) => {
    const bytes = pick(random, [0, 1, 4 << 20, (4 << 20) + 1, 2 ** 53 - 1]);
    document['archiveBytes'] = bytes;
    if (random(2)) (document['seal'] as Document)['bytes'] = bytes;
  },
  'claim another number of segments': (document, random) => {
    const seal = document['seal'] as { segments: string[] };
    seal.segments = pick(random, [[], seal.segments.slice(1), [...seal.segments, ...seal.segments]]);
  },
  'claim that there is no encryption': (document) => (document['encryption'] = null),
  'claim another compression': (document, random) => {
    (document['compression'] as Document)['algorithm'] = pick(random, ['gzip', 'zstd', 'none', 'brotli']);
  },
  'ask for other rounds': (document, random) => {
    const encryption = document['encryption']!;
    if (isObject(encryption))
      (encryption as Record<string, Json>)['iterations'] = pick(random, [0, 1, 99_999, 1e12, 2 ** 53 - 1]);
  },
};
