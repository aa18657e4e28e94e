import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { compressionNames } from '../../../runtime/src/contract/compression.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { pieceCiphers, putPiece, readPiece, sealPiece } from '../../../runtime/src/wal/piece.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { passphrase } from '../../kit/installation.ts';
import { toyPlace } from '../../kit/received.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const of = { system: '7', timeline: 1, from: 0n, to: 50_000n, time: 1 };
const plain = Buffer.concat([Buffer.alloc(40_000, 'the same log '), randomBytes(10_000)]);

const programs = { gzip: 'gzip', zstd: 'zstd' } as const;

describe.each(compressionNames)('pieces of %s that share a salt', (algorithm) => {
  const seal = async () => {
    const place = toyPlace(store, { compression: { algorithm, level: 1 } });
    const ciphers = pieceCiphers(place);
    return {
      place,
      pieces: [
        await sealPiece(place, of, plain, ciphers),
        await sealPiece(place, of, plain, ciphers),
      ] as const,
    };
  };

  test('have no block in common but the first', async () => {
    const { pieces } = await seal();
    const [one, other] = pieces.map(({ parts }) => Buffer.concat(parts)) as [Buffer, Buffer];
    const blocks = (bytes: Buffer) =>
      Array.from({ length: bytes.length / 16 }, (_, index) =>
        bytes.toString('hex', index * 16, index * 16 + 16),
      );
    expect(one.subarray(0, 32).equals(other.subarray(0, 32))).toBe(true); // salt, and a block that says nothing
    const seen = new Set(blocks(one).slice(2));
    expect(
      blocks(other)
        .slice(2)
        .filter((block) => seen.has(block)),
    ).toEqual([]);
  });

  test('are read, and opened by hand', async () => {
    const { place, pieces } = await seal();
    for (const piece of pieces) {
      await putPiece(place, piece);
      expect((await readPiece(place, piece.name)).equals(plain)).toBe(true);
      const packed = execFileSync(
        'openssl',
        ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-iter', '100000', '-pass', 'env:PASSPHRASE'],
        { input: Buffer.concat(piece.parts), env: { ...process.env, PASSPHRASE: passphrase } },
      );
      expect(execFileSync(programs[algorithm], ['-dc'], { input: packed }).equals(plain)).toBe(true);
    }
  });
});

test('a salt is used for many pieces, and not for all', async () => {
  const ciphers = pieceCiphers(toyPlace(store));
  const salts = new Set<string>();
  for (let piece = 0; piece < 1000; piece++) salts.add((await ciphers())!.salt.toString('hex'));
  expect(salts.size).toBe(4);
});
