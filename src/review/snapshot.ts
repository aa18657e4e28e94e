import { loadAll } from 'js-yaml';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { awsObjects } from './aws.ts';
import { isTree, type Change, type Identity, type Tree, type Value } from './change.ts';
import { difference } from './compare.ts';
import { readable } from './readable.ts';

/** Path in the repository → text: `manifests/<env>/*.yaml` and `Pulumi.<env>.yaml`. */
export type Files = ReadonlyMap<string, string>;

/** An object with its identity; the content has what a reader compares, in plain data. */
interface Reviewed {
  readonly identity: Identity;
  readonly content: Tree;
}

/** Everything an environment file becomes, by identity. */
export type Snapshot = ReadonlyMap<string, Reviewed>;

const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

const identityOf = (environment: string, { apiVersion, kind, metadata }: Tree): Identity => {
  const { name, namespace } = isTree(metadata) ? metadata : {};
  return {
    environment,
    apiVersion: textOf(apiVersion),
    kind: textOf(kind),
    namespace: textOf(namespace),
    name: textOf(name),
  };
};

const manifestFile = /^manifests\/([^/]+)\/(?!kustomization\.yaml$).*\.yaml$/;
const environmentFile = /^Pulumi\.([a-z0-9-]+)\.yaml$/;

const objectsIn = ([path, text]: readonly [string, string]): readonly Reviewed[] => {
  const environment = manifestFile.exec(path)?.[1];
  if (environment === undefined) return [];
  return (loadAll(text) as readonly Value[])
    .filter(isTree)
    .map((object) => ({ identity: identityOf(environment, object), content: readable(object) }));
};

const awsIn = ([path, text]: readonly [string, string]): readonly Reviewed[] => {
  const environment = environmentFile.exec(path)?.[1];
  if (environment === undefined) return [];
  return awsObjects(environment, text).map((object) => ({
    identity: identityOf(environment, object),
    content: object,
  }));
};

const keyOf = (identity: Identity): string => Object.values(identity).join('\n');

export const snapshotOf = (files: Files): Snapshot =>
  new Map(
    [...files]
      .flatMap((file) => [...objectsIn(file), ...awsIn(file)])
      .map((reviewed) => [keyOf(reviewed.identity), reviewed]),
  );

/** Identity is not what changes. */
const body = (reviewed: Reviewed | undefined): Tree | undefined => {
  if (!reviewed) return undefined;
  const { apiVersion: _1, kind: _2, metadata, ...rest } = reviewed.content;
  const { name: _3, namespace: _4, ...described } = metadata as Tree;
  return { ...rest, metadata: described };
};

/** Every field that differs, in the order of identities. */
export const changesBetween = (before: Snapshot, after: Snapshot): readonly Change[] =>
  [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    const { identity: object } = mustExist(now ?? old, 'object');
    return difference('', body(old), body(now)).map((change) => ({ ...change, object }));
  });
