import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Policy } from '../../scripts/network/policy.ts';
import type { Place } from '../../scripts/network/world.ts';

// A cluster's network in miniature: a network namespace per pod or outside address, all on one bridge, and each pod's
// policies as nftables rules in its own namespace, as a network plugin would write them. The translation shares nothing
// with scripts/network/policy.ts, so that one proves the other.

/** A packet to be sent: from an address, to another. */
export interface Attempt {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

type Rule = NonNullable<Policy['spec']['egress']>[number];
type Peer = NonNullable<Rule['to']>[number];
type Selector = Policy['spec']['podSelector'];

/** By labels alone: of expressions, the only kind that this system's policies have. */
const isSelected = (
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
) => {
  if (matchExpressions.some(({ operator }) => operator !== 'In')) throw new Error('only In is translated');
  const wanted = [
    ...Object.entries(matchLabels).map(([key, value]) => [key, [value]] as const),
    ...matchExpressions.map(({ key, values = [] }) => [key, values] as const),
  ];
  return wanted.every(([key, values]) => values.includes(labels[key]!));
};

const addressesOf = (
  { ipBlock, podSelector = {}, namespaceSelector }: Peer,
  own: string,
  places: readonly Place[],
) => {
  if (ipBlock) return [ipBlock.cidr];
  const namespace = namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] ?? own;
  return places
    .filter(({ pod }) => pod?.namespace === namespace && isSelected(podSelector, pod.labels))
    .map(({ ip }) => ip);
};

/** Accepting lines of one rule of a policy; `side` is saddr for ingress, daddr for egress. */
const linesOf = (
  side: 'saddr' | 'daddr',
  rule: Rule,
  own: string,
  places: readonly Place[],
): readonly string[] => {
  const peers = rule.to ?? rule.from ?? [{ ipBlock: { cidr: '0.0.0.0/0' } }];
  const ports = rule.ports?.map(
    ({ port, protocol = 'TCP' }) => `${protocol.toLowerCase()} dport ${port}`,
  ) ?? [''];
  return peers.flatMap((peer) => {
    const addresses = addressesOf(peer, own, places);
    if (!addresses.length) return [];
    const except = peer.ipBlock?.except ?? [];
    const left = except.length ? `ip ${side} != { ${except.join(', ')} }` : '';
    return ports.map((port) => `ip ${side} { ${addresses.join(', ')} } ${left} ${port} accept`);
  });
};

const chain = (hook: 'input' | 'output', policies: readonly Policy[], places: readonly Place[]): string => {
  const [type, side, key] =
    hook === 'input' ? (['Ingress', 'saddr', 'ingress'] as const) : (['Egress', 'daddr', 'egress'] as const);
  const selecting = policies.filter(({ spec }) => spec.policyTypes!.includes(type));
  return [
    `chain ${hook} {`,
    `type filter hook ${hook} priority 0; policy ${selecting.length ? 'drop' : 'accept'};`,
    'ct state established,related accept',
    ...selecting.flatMap(({ metadata, spec }) =>
      (spec[key] ?? []).flatMap((rule) => linesOf(side, rule, metadata.namespace!, places)),
    ),
    '}',
  ].join('\n');
};

const rulesetOf = ({ pod }: Place, policies: readonly Policy[], places: readonly Place[]): string => {
  const own = policies.filter(
    ({ metadata, spec }) =>
      pod?.namespace === metadata.namespace && pod && isSelected(spec.podSelector, pod.labels),
  );
  return `table inet policies {\n${chain('input', own, places)}\n${chain('output', own, places)}\n}\n`;
};

/** What a closed port answers shows that the packet arrived, and that the answer came back; silence is a drop. */
const prober = `
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
const silentMs = 1500;
const tcp = (to, port) => new Promise((resolve) => {
  const socket = connect({ host: to, port });
  const end = (reached) => { socket.destroy(); resolve(reached); };
  socket.setTimeout(silentMs, () => end(false)).on('connect', () => end(true)).on('error', ({ code }) => end(code === 'ECONNREFUSED'));
});
const udp = (to, port) => new Promise((resolve) => {
  const socket = createSocket('udp4');
  const timer = setTimeout(() => end(false), silentMs);
  const end = (reached) => { clearTimeout(timer); socket.close(); resolve(reached); };
  socket.on('error', ({ code }) => end(code === 'ECONNREFUSED')).connect(port, to, () => socket.send('x'));
});
const attempts = JSON.parse(process.argv[2]);
const reached = await Promise.all(attempts.map(({ to, port, protocol }) => (protocol === 'UDP' ? udp : tcp)(to, port)));
console.log(JSON.stringify(attempts.map((attempt, index) => ({ ...attempt, reached: reached[index] }))));
`;

/** Shell lines that lay a cable from a new namespace to the bridge; every address is on the same link. */
const cable = ({ ip }: Place, index: number): readonly string[] => [
  `ip netns add n${index}`,
  `ip link add eth0 netns n${index} type veth peer name v${index}`,
  `ip link set v${index} master cluster up`,
  `ip -n n${index} addr add ${ip}/32 dev eth0`,
  `ip -n n${index} link set lo up`,
  `ip -n n${index} link set eth0 up`,
  `ip -n n${index} route add default dev eth0 scope link`,
  `ip netns exec n${index} nft -f n${index}.nft`,
];

const scriptOf = (places: readonly Place[], attempts: readonly Attempt[]): string => {
  const probes = places.flatMap(({ ip }, index) => {
    const own = attempts.filter(({ from }) => from === ip);
    return own.length
      ? [`ip netns exec n${index} "$NODE" probe.mjs '${JSON.stringify(own)}' > n${index}.json &`]
      : [];
  });
  return [
    'set -e',
    'mount -t tmpfs none /run', // where ip keeps names of namespaces
    'ip link add cluster type bridge',
    'ip link set cluster up',
    ...places.flatMap(cable),
    ...probes,
    'wait',
    'cat n*.json',
    '',
  ].join('\n');
};

const run = promisify(execFile);

/**
 * Sends each packet, and resolves to whether it arrived. Everything is in namespaces of one process, so nothing of it is
 * seen by this machine or left behind.
 */
export const sendAll = async (
  folder: string,
  places: readonly Place[],
  policies: readonly Policy[],
  attempts: readonly Attempt[],
): Promise<readonly (Attempt & { readonly reached: boolean })[]> => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'probe.mjs'), prober);
  places.forEach((place, index) =>
    writeFileSync(join(folder, `n${index}.nft`), rulesetOf(place, policies, places)),
  );
  writeFileSync(join(folder, 'bed.sh'), scriptOf(places, attempts));
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const { stdout } = await run('unshare', [...asRoot, '--net', '--mount', 'sh', 'bed.sh'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE: process.execPath },
  });
  return stdout
    .trimEnd()
    .split('\n')
    .flatMap((line) => JSON.parse(line) as (Attempt & { reached: boolean })[]);
};
