import { BackupError } from '../core/errors.ts';

/**
 * What a database holds, counted: item → measure → value, e.g.
 * `{"public.users": {rows: 120}}`, `{"db0/hash": {keys: 40, expiring: 3}}`, `{"temperature": {series: 4, points: 900}}`.
 */
export type Fingerprint = Readonly<Record<string, Readonly<Record<string, number | string>>>>;

const flatten = (fingerprint: Fingerprint): Map<string, number | string> =>
  new Map(
    Object.entries(fingerprint).flatMap(([item, measures]) =>
      Object.entries(measures).map(([measure, value]) => [`${item} ${measure}`, value] as const),
    ),
  );

/** Differences in words, one line each; empty if equal. */
export const differences = (expected: Fingerprint, actual: Fingerprint): readonly string[] => {
  const want = flatten(expected);
  const have = flatten(actual);
  return [...new Set([...want.keys(), ...have.keys()])]
    .filter((key) => want.get(key) !== have.get(key))
    .map((key) => `${key}: expected ${want.get(key) ?? 'nothing'}, found ${have.get(key) ?? 'nothing'}`);
};

/** Differences that an error message quotes; the rest is counted. */
const quoted = 5;

const without = (fingerprint: Fingerprint, items: readonly string[]): Fingerprint =>
  Object.fromEntries(Object.entries(fingerprint).filter(([item]) => !items.includes(item)));

const acceptPrefix = 'mismatch:';

/**
 * Differences that a person has judged, in words; `accept` names their items: `mismatch:public.users`.
 * @throws BackupError `restore.mismatch` that names the others
 */
export const assertEqual = (
  expected: Fingerprint,
  actual: Fingerprint,
  accept: readonly string[] = [],
): readonly string[] => {
  const judged = accept
    .filter((word) => word.startsWith(acceptPrefix))
    .map((word) => word.slice(acceptPrefix.length));
  const found = differences(without(expected, judged), without(actual, judged));
  if (found.length === 0) return differences(expected, actual);
  const more = found.length > quoted ? `; and ${found.length - quoted} more` : '';
  throw new BackupError(
    'restore.mismatch',
    `restored data differs: ${found.slice(0, quoted).join('; ')}${more}`,
  );
};

/**
 * What of an archive was counted otherwise than its manifest says, one line each. Compared is what both count: a manifest
 * may have measures that only a server tells, and a program of another version may count more or less.
 */
export const contradictions = (manifest: Fingerprint, counted: Fingerprint): readonly string[] => {
  const said = flatten(manifest);
  return [...flatten(counted)]
    .filter(([key, value]) => said.has(key) && said.get(key) !== value)
    .map(([key, value]) => `${key}: the manifest says ${said.get(key)}, the archive holds ${value}`);
};
