import type { Request } from '../cluster.ts';
import type { Facts } from '../facts.ts';
import { isGranted } from '../requests.ts';
import { refused, type Check, type Finding } from '../trouble.ts';

const inWords = ({ verb, resource, group, namespace }: Request): string =>
  `${verb} ${resource}${group ? `.${group}` : ''}${namespace ? ` in ${namespace}` : ''}`;

/** In the namespaces, or for what has none. */
const mayEscalate = ({ rights }: Facts, { namespace }: Request): boolean =>
  rights.some(
    ({ verb, allowed, resource }) =>
      verb === 'escalate' && allowed && (resource === 'clusterroles') === (namespace === undefined),
  );

const all = (denied: readonly Request[]): string => [...new Set(denied.map(inWords))].join(', ');

/** What whoever applies may not do. Nobody may give rights away that he lacks. */
export const rights: Check = (facts) => {
  const denied = facts.rights.filter(({ verb, allowed }) => !allowed && verb !== 'escalate');
  const granted = denied.filter(
    (request) => isGranted(facts.objects, request) && !mayEscalate(facts, request),
  );
  const applied = denied.filter((request) => !isGranted(facts.objects, request));
  const findings: (Finding | false)[] = [
    applied.length > 0 &&
      refused(
        'your account',
        `may not ${all(applied)}`,
        'apply as somebody who may, or have the rights granted',
      ),
    granted.length > 0 &&
      refused(
        'your account',
        `may not ${all(granted)}, and so may not make the Roles that say so`,
        'apply as somebody who may, or who may escalate roles',
      ),
  ];
  return findings.filter((finding) => finding !== false);
};

/** What could not be looked at was not judged. */
export const hidden: Check = (facts) => {
  const unseen = [
    facts.namespace === undefined && `Namespace ${facts.environment.namespace.name}`,
    facts.volumes === undefined && 'PersistentVolumes',
    facts.storageClasses === undefined && 'StorageClasses',
    facts.claim === undefined && 'the volume claim',
    facts.nodeLocalDns === undefined && 'DaemonSet node-local-dns in kube-system',
    ...facts.mounted.map(({ kind, name, found }) => found === undefined && `${kind} ${name}`),
  ].filter((each) => each !== false);
  return unseen.length
    ? [
        {
          grade: 'risk',
          object: 'your account',
          problem: `may not look at ${unseen.join(', ')}: nothing was checked about them`,
          action: 'ask as somebody who may get and list them',
        },
      ]
    : [];
};
