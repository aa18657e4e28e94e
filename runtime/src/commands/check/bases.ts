import { isManifest, manifestKey } from '../../archives/layout.ts';
import { graceEnd } from '../../archives/orphans.ts';
import { formatBytes } from '../../core/units.ts';
import type { Target } from '../../plan/schema.ts';
import { allStores, engineOf, type App } from '../../session/app.ts';
import { listed } from '../../store/listed.ts';
import type { Store, StoredObject } from '../../store/store.ts';
import { baseFolder } from '../../wal/base-manifest.ts';
import { copyBase, notCopied, readBases, type Base, type BrokenBase } from '../../wal/bases.ts';
import type { Finding, Found } from './finding.ts';

/** What a killed run left; it can go where another base is whole, since openssl reads one without a manifest. */
const orphan = (app: App, store: Store, { key, bytes, modified }: StoredObject, isLast: boolean): Found => {
  const isOld = modified < graceEnd(app);
  return {
    kind: 'archive-without-manifest',
    key,
    message: `base of ${formatBytes(bytes)} without manifest, so it does not count`,
    severity: isOld ? 'problem' : 'notice',
    repair: isOld && !isLast ? () => store.remove(key).then(() => 'removed') : undefined,
  };
};

const ofBase = (files: ReadonlyMap<string, StoredObject>, { key, manifest }: Base): readonly Found[] => {
  const [wanted, found] = [manifest.archiveBytes, files.get(key)?.bytes];
  if (found === wanted) return [];
  if (found === undefined)
    return [{ kind: 'manifest-without-archive', key, message: 'the base is gone', severity: 'problem' }];
  const message = `the base has ${found} bytes, its manifest says ${wanted}`;
  return [{ kind: 'size-mismatch', key, message, severity: 'problem' }];
};

const brokenBase = ({ name }: Target, { key, error }: BrokenBase): Found =>
  error.code === 'archive.unknown'
    ? {
        kind: 'increment-without-base',
        key,
        message: `${error.message}: bring that back, or take a whole one, grill-backup base ${name} --from server`,
        severity: 'problem',
      }
    : { kind: 'manifest-broken', key, message: error.message, severity: 'problem' };

const foundIn = async (app: App, target: Target, store: Store): Promise<readonly Found[]> => {
  const { bases, broken } = await readBases(app, store, target.name);
  const files = new Map((await listed(store, baseFolder(target.name))).map((file) => [file.key, file]));
  const orphans = [...files.values()].filter(({ key }) => !isManifest(key) && !files.has(manifestKey(key)));
  return [
    ...orphans.map((file) => orphan(app, store, file, bases.length === 0)),
    ...broken.map((each) => brokenBase(target, each)),
    ...bases.flatMap((base) => ofBase(files, base)),
  ];
};

/** Bases that a replica lacks: the next base, or a repair, catches up. */
const missingCopies = async (app: App, { name }: Target, store: Store): Promise<readonly Found[]> => {
  const { primary } = app.stores;
  if (store === primary) return [];
  const { bases } = await readBases(app, primary, name);
  const files = new Set((await listed(primary, baseFolder(name))).map(({ key }) => key));
  return (await notCopied(bases, name, store))
    .filter(({ key }) => files.has(key))
    .map((base) => ({
      kind: 'copy-missing',
      key: base.key,
      message: `not copied from ${primary.location} yet`,
      severity: 'notice',
      repair: async () => {
        await copyBase(app, base, store);
        return `copied from ${primary.location}`;
      },
    }));
};

/** What is wrong with the bases of a target, in every store. */
export const baseFindings = async (app: App, target: Target): Promise<readonly Finding[]> => {
  if (!engineOf(target).bases) return [];
  const findings: Finding[] = [];
  for (const store of allStores(app))
    for (const found of [
      ...(await foundIn(app, target, store)),
      ...(await missingCopies(app, target, store)),
    ])
      findings.push({ target: target.name, store: store.location, ...found });
  return findings;
};
