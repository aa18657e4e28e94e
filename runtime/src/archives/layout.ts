import { compressionNames, compressions, type Compression } from '../contract/compression.ts';
import { latestAlias } from '../contract/names.ts';
import { stamp } from '../core/units.ts';

/** Where an archive stands in retention. `hourly` was taken between the nights; `safety` is what a restore replaced. */
export const tiers = ['daily', 'hourly', 'weekly', 'monthly', 'safety'] as const;

export type Tier = (typeof tiers)[number];

/** What the suffix of an archive's name tells. */
export interface Form {
  readonly compression: { readonly algorithm: Compression };
  /** Null where the environment stores in the clear. */
  readonly encryption: object | null;
}

/** `.tar.gz.enc`, `.tar.zst.enc`; without `.enc` in the clear. */
export const suffixOf = ({ compression, encryption }: Form): string =>
  `.tar.${compressions[compression.algorithm]}${encryption ? '.enc' : ''}`;

const suffixes = compressionNames.flatMap((algorithm) =>
  [{}, null].map((encryption) => suffixOf({ compression: { algorithm }, encryption })),
);

/** True for what is, or was to become, an archive. */
export const isArchive = (key: string): boolean => suffixes.some((suffix) => key.endsWith(suffix));

const manifestSuffix = '.manifest.json';

/** Folder of a tier: `postgresql`, `postgresql/weekly`. */
export const folderOf = (target: string, tier: Tier): string =>
  tier === 'daily' ? target : `${target}/${tier}`;

/** `postgresql/postgresql_20240101_020000.tar.gz.enc`, `postgresql/weekly/postgresql_weekly_20240107_020000.tar.gz.enc`. */
export const archiveKey = (target: string, tier: Tier, time: Date, form: Form): string =>
  `${folderOf(target, tier)}/${target}_${tier === 'daily' ? '' : `${tier}_`}${stamp(time)}${suffixOf(form)}`;

/** Name of an archive rewritten under another key: `postgresql_20240101_020000-k2.tar.gz.enc`. */
export const rekeyedName = (key: string, keyId: string): string =>
  key.replace(/(_\d{8}_\d{6})(-[a-z0-9-]+)?(\.tar\.[a-z]+\.enc)$/, `$1-${keyId}$3`);

export const manifestKey = (archive: string): string => `${archive}${manifestSuffix}`;

export const isManifest = (key: string): boolean => key.endsWith(manifestSuffix);

/** Key of the archive that a manifest belongs to. */
export const archiveOf = (manifest: string): string => manifest.slice(0, -manifestSuffix.length);

/** `postgresql/latest_backup.tar.gz.enc`. */
export const latestKey = (target: string, form: Form): string => `${target}/${latestAlias}${suffixOf(form)}`;

/** Names that the alias has had under any plan. */
export const latestKeys = (target: string): readonly string[] =>
  suffixes.map((suffix) => `${target}/${latestAlias}${suffix}`);

/** `postgresql/catalogue.index`: what is known of the manifests of a target, so that they need not be read. */
export const indexKey = (target: string): string => `${target}/catalogue.index`;

/** What all targets grow by together, as some run found it. */
export const growthKey = 'growth.index';

export const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
