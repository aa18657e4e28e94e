import type { IPodSpec } from 'kubernetes-models/v1';

type Context = NonNullable<IPodSpec['securityContext']> &
  NonNullable<IPodSpec['containers'][number]['securityContext']>;

/** What the fields of a security context are to podman, whose other defaults are those of Kubernetes. */
const translations: Readonly<Record<string, (value: never, all: Context) => readonly string[]>> = {
  runAsUser: (uid: number, { runAsGroup }) => ['--user', `${uid}:${runAsGroup ?? 0}`],
  runAsGroup: () => [],
  runAsNonRoot: () => [], // asserted by a kubelet before it starts anything
  fsGroup: (gid: number) => ['--group-add', `${gid}`],
  fsGroupChangePolicy: () => [],
  readOnlyRootFilesystem: (on: boolean) => (on ? ['--read-only', '--read-only-tmpfs=false'] : []),
  allowPrivilegeEscalation: (on: boolean) => (on ? [] : ['--security-opt', 'no-new-privileges']),
  capabilities: ({ drop = [], add = [] }: { drop?: string[]; add?: string[] }) => [
    ...drop.flatMap((name) => ['--cap-drop', name]),
    ...add.flatMap((name) => ['--cap-add', name]),
  ],
  seccompProfile: ({ type }: { type: string }) =>
    type === 'RuntimeDefault' ? [] : ['--security-opt', 'seccomp=unconfined'],
};

/** Bytes of a Kubernetes quantity. */
const bytes = (quantity: string): number => {
  const [, amount, unit] = /^(\d+)(Ki|Mi|Gi|Ti)?$/.exec(quantity)!;
  return Number(amount) * 1024 ** ['', 'Ki', 'Mi', 'Gi', 'Ti'].indexOf(unit ?? '');
};

const cpus = (quantity: string): number =>
  quantity.endsWith('m') ? Number.parseInt(quantity, 10) / 1000 : Number(quantity);

const limitArgs = (limits: Readonly<Record<string, string | number>>): readonly string[] => {
  const memory = bytes(String(limits.memory));
  return [
    '--memory',
    `${memory}`,
    '--memory-swap',
    `${memory}`, // no swap beside it
    '--cpus',
    `${cpus(String(limits.cpu))}`,
  ];
};

/** `podman run` arguments for users, rights and limits. @throws Error for a field that it does not know */
export const securityArgs = ({ securityContext, containers: [container] }: IPodSpec): readonly string[] => {
  const asked: Context = { ...securityContext, ...container!.securityContext };
  const args = Object.entries(asked).flatMap(([field, value]) => {
    const translate = translations[field];
    if (!translate) throw new Error(`unknown field of a security context: ${field}`);
    return translate(value as never, asked);
  });
  return [...args, ...limitArgs(container!.resources!.limits!)];
};
