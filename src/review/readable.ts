import { isList, isTree, type Tree, type Value } from './change.ts';

/** Follows from plan.json, so its change says nothing new. */
const derived = 'checksum/plan';

const withoutDerived = (value: Value): Value => {
  if (isList(value)) return value.map(withoutDerived);
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== derived);
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutDerived(field)]));
};

/** What a target leaves out is the plan's: retention of each target in full, so that no shortening hides in a default. */
const effective = (plan: Tree): Tree => {
  const { retention, encryption, targets } = plan;
  const keys = isTree(encryption) ? encryption['keys'] : undefined;
  const [first] = isList(keys) ? keys : [];
  const own = (target: Value): Value =>
    isTree(target)
      ? { ...target, retention: { ...(retention as Tree), ...(target['retention'] as Tree | undefined) } }
      : target;
  return {
    ...plan,
    ...(isList(targets) && { targets: targets.map(own) }),
    // the first key of the list seals; the order of the others means nothing
    ...(isTree(encryption) &&
      isTree(first) && { encryption: { ...encryption, sealedBy: first['id'] ?? '' } }),
  };
};

const parsed = ([key, text]: readonly [string, Value]): readonly [string, Value] => {
  if (!key.endsWith('.json') || typeof text !== 'string') return [key, text];
  const document = JSON.parse(text) as Value;
  return [key, key === 'plan.json' && isTree(document) ? effective(document) : document];
};

/** An object as people compare it: documents in ConfigMaps are read, not taken for one long text. */
export const readable = (object: Tree): Tree => {
  const { data } = object;
  const read =
    object['kind'] === 'ConfigMap' && isTree(data)
      ? { ...object, data: Object.fromEntries(Object.entries(data).map(parsed)) }
      : object;
  return withoutDerived(read) as Tree;
};
