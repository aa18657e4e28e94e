import { refused, type Check, type Finding } from '../trouble.ts';
import type { Facts } from '../facts.ts';

type Mounted = Facts['mounted'][number];

const nameOf = ({ kind, name }: Mounted): string => `${kind} ${name}`;

const absent = (mounted: Mounted): Finding =>
  refused(
    nameOf(mounted),
    'is not there: pods that mount it do not start',
    mounted.keys.length ? `make it, with ${mounted.keys.join(', ')}` : 'make it',
  );

const lacking = (mounted: Mounted, keys: readonly string[]): Finding =>
  refused(
    nameOf(mounted),
    `has no ${keys.join(', ')}: pods that mount it do not start`,
    `add ${keys.length > 1 ? 'these keys' : 'this key'}`,
  );

/** Secrets and ConfigMaps that the manifests do not hold, and the keys that pods mount by name. */
export const secrets: Check = ({ mounted }) =>
  mounted.flatMap((each) => {
    if (each.found === undefined) return [];
    if (each.found === null) return each.comesLater ? [] : [absent(each)];
    const present = Object.keys({ ...each.found.data, ...each.found.binaryData });
    const missing = each.keys.filter((key) => !present.includes(key));
    return missing.length ? [lacking(each, missing)] : [];
  });
