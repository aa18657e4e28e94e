import { latestAlias } from '../contract/names.ts';
import { stamp } from '../core/units.ts';

/** Where an archive stands in retention. `safety` is what a restore replaced. */
export const tiers = ['daily', 'weekly', 'monthly', 'safety'] as const;

export type Tier = (typeof tiers)[number];

/** `openssl enc` format, or a plain tar.gz where the environment stores in the clear. */
const suffix = (encrypted: boolean): string => (encrypted ? '.tar.gz.enc' : '.tar.gz');

const manifestSuffix = '.manifest.json';

/** `postgresql/postgresql_20240101_020000.tar.gz.enc`, `postgresql/weekly/postgresql_weekly_20240107_020000.tar.gz.enc`. */
export const archiveKey = (target: string, tier: Tier, time: Date, encrypted: boolean): string =>
  tier === 'daily'
    ? `${target}/${target}_${stamp(time)}${suffix(encrypted)}`
    : `${target}/${tier}/${target}_${tier}_${stamp(time)}${suffix(encrypted)}`;

/** Name of an archive rewritten under another key: `postgresql_20240101_020000-k2.tar.gz.enc`. */
export const rekeyedName = (key: string, keyId: string): string =>
  key.replace(/(_\d{8}_\d{6})(-[a-z0-9-]+)?(\.tar\.gz\.enc)$/, `$1-${keyId}$3`);

export const manifestKey = (archive: string): string => `${archive}${manifestSuffix}`;

export const isManifest = (key: string): boolean => key.endsWith(manifestSuffix);

/** Key of the archive that a manifest belongs to. */
export const archiveOf = (manifest: string): string => manifest.slice(0, -manifestSuffix.length);

/** `postgresql/latest_backup.tar.gz.enc`. */
export const latestKey = (target: string, encrypted: boolean): string =>
  `${target}/${latestAlias}${suffix(encrypted)}`;

export const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
