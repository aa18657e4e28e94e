import { added, both, emptied, not, removed, type Rule } from '../rule.ts';

type Condition = NonNullable<Rule['holds']>;

const at =
  (path: RegExp, holds: Condition): Condition =>
  (change) =>
    path.test(change.path) && holds(change);

const any =
  (...conditions: readonly Condition[]): Condition =>
  (change) =>
    conditions.some((holds) => holds(change));

/** Fewer verbs, resources or subjects. A rule without `resourceNames` is one for all names, so fewer of none is more. */
export const narrowsRights: Condition = any(
  at(/^(rules\[\]|rules\[\d+\]\.(verbs|resources|apiGroups|resourceNames)\[\]|subjects\[[^\]]*\])$/, removed),
  at(/^(rules|subjects)$/, emptied),
  at(/\.resourceNames$/, both(added, not(removed))),
);

/** Fewer rules, peers or ports. A rule without peers or ports is one for all of them, so fewer of none is more. */
export const narrowsNetwork: Condition = any(
  at(/^spec\.(egress|ingress)$/, emptied),
  at(/^spec\.(egress|ingress)\[\]$/, removed),
  at(/\.(to|from|ports|values)\[\]$/, removed),
  at(/\.(to|from|ports)$/, added),
  at(/\.except(\[\])?$/, added),
  at(/^spec\.policyTypes\[\]$/, added),
  at(/^spec\.(egress|ingress).*\.(matchLabels\.[^[]*|namespaceSelector|podSelector)$/, added),
);
