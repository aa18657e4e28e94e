import type { ServerInfo } from '../engine.ts';

/** Magic of an RDB: Valkey has one of its own since 9, and Redis and Valkey have not read each other's newest since 7.4 and 9. */
export type Flavour = 'REDIS' | 'VALKEY';

export interface Format {
  readonly flavour: Flavour;
  /** RDB_VERSION of rdb.h. */
  readonly version: number;
}

/** Newest formats that are read here: redis 7.4 to 8.2, valkey 9.0 and 9.1. */
const newest: Readonly<Record<Flavour, number>> = { REDIS: 12, VALKEY: 80 };
const oldestOfValkey = 80;

/** Last format that both have in common, of redis 7.2. */
const lastCommon = 11;

export const isReadable = ({ flavour, version }: Format): boolean =>
  version >= (flavour === 'VALKEY' ? oldestOfValkey : 1) && version <= newest[flavour];

/** Major and minor as one number that grows. */
export const releaseOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** True if `version` comes before `other`, patch level and all. */
export const isBefore = (version: string, other: string): boolean => {
  const right = other.split('.').map(Number);
  const differences = version.split('.').map((part, index) => Number(part) - (right[index] ?? 0));
  return (differences.find((difference) => difference !== 0) ?? 0) < 0;
};

/** RDB versions of redis by the release that brought them. */
const redisReleases: readonly (readonly [release: number, version: number])[] = [
  [7004, 12],
  [7002, 11],
  [7000, 10],
];
const redis6 = 9;

/** The newest format that a server writes and loads. */
export const formatOf = ({ product, version }: Pick<ServerInfo, 'product' | 'version'>): Format => {
  const release = releaseOf(version);
  if (product === 'Valkey')
    return release >= 9000
      ? { flavour: 'VALKEY', version: newest.VALKEY }
      : { flavour: 'REDIS', version: lastCommon };
  const [, known] = redisReleases.find(([since]) => release >= since) ?? [];
  return { flavour: 'REDIS', version: known ?? redis6 };
};

/** True if a server takes an RDB; those of valkey refuse what redis has written since 7.4, and the other way round. */
export const loads = (
  server: Pick<ServerInfo, 'product' | 'version'>,
  { flavour, version }: Format,
): boolean => {
  const own = formatOf(server);
  if (flavour !== own.flavour) return flavour === 'REDIS' && version <= lastCommon;
  return version <= own.version;
};

export const formatName = ({ flavour, version }: Format): string => `${flavour} ${version}`;
