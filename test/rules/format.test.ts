import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveKey, latestKey, rekeyedName, tiers } from '../../runtime/src/archives/layout.ts';
import { manifestSchema, type Manifest } from '../../runtime/src/archives/manifest.ts';
import { documentForgeries, type Document } from '../kit/forgeries/document.ts';
import { randomFrom } from '../kit/forgeries/random.ts';
import { archiveNamesByPage, manifestByPage } from '../kit/format-page.ts';

const archives = join(import.meta.dirname, '../fixtures/archives');
const { mac, ...earlier } = JSON.parse(
  readFileSync(join(archives, 'redis_20261122_183425.tar.gz.enc.manifest.json'), 'utf8'),
) as Manifest & { readonly mac: string };

const drilled: Manifest = {
  ...earlier,
  archive: rekeyedName(earlier.archive, 'k2'),
  verifications: [
    { at: '2026-11-23T01:00:00.000Z', level: 'deep', ok: false, problem: 'archive.damaged' },
    { at: '2026-11-23T02:00:00.000Z', level: 'drill', ok: true, seconds: 1.25 },
  ],
};

const parted = JSON.parse(
  readFileSync(
    join(import.meta.dirname, '../fixtures/parts/influxdb/influxdb_20261129_141634.tar.gz.enc.manifest.json'),
    'utf8',
  ),
) as Manifest & { readonly mac: string };
const { mac: _, ...ofParts } = parted;

const manifests: Readonly<Record<string, Manifest>> = {
  'of an earlier version': earlier,
  'rekeyed and drilled': drilled,
  'in the clear': { ...earlier, encryption: null },
  'of parts': ofParts,
};

describe('a reader that is written from runtime/FORMAT.md alone', () => {
  test.each(Object.entries(manifests))('takes a manifest %s', (_, manifest) => {
    expect(manifestByPage.safeParse({ ...manifest, mac }).error?.issues).toBeUndefined();
  });

  test.each([
    ['1', drilled],
    ['2', ofParts],
  ])('decides on manifests in format %s as the program does', (_, genuine) => {
    const decisions = { taken: 0, refused: 0 };
    for (const [name, forge] of Object.entries(documentForgeries))
      for (let seed = 1; seed <= 60; seed++) {
        const document = structuredClone(genuine) as unknown as Document;
        forge(document, randomFrom(seed), structuredClone(manifests['in the clear']) as unknown as Document);
        const isTaken = manifestSchema.safeParse(document).success;
        expect({ name, seed, isTaken: manifestByPage.safeParse({ ...document, mac }).success }).toEqual({
          name,
          seed,
          isTaken,
        });
        decisions[isTaken ? 'taken' : 'refused']++;
      }
    expect(decisions.taken).toBeGreaterThan(100);
    expect(decisions.refused).toBeGreaterThan(100);
  });

  test('knows the name of every archive, rekeyed ones and the alias too', () => {
    const form = { compression: { algorithm: 'gzip' }, encryption: {} } as const;
    const keys = tiers.map((tier) => archiveKey('redis', tier, new Date('2024-01-07T02:00:00Z'), form));
    const [daily = ''] = keys;
    for (const key of [...keys, rekeyedName(daily, 'k2'), latestKey('redis', form)])
      expect(archiveNamesByPage.filter((pattern) => pattern.test(key))).toHaveLength(1);
  });
});
