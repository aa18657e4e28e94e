import type { Connection } from '../../scripts/network/policy.ts';
import { connectionOf, type Place, type World } from '../../scripts/network/world.ts';
import { kubectl } from './kubectl.ts';
import { locate, type PodPlace } from './place-pods.ts';

// Connections of docs/how-to/network.md between real pods, and from them to the real API server. The rest of what lies
// outside of the cluster is left to test/integration/network.test.ts.

export interface Attempt extends Connection {
  readonly title: string;
  readonly from: PodPlace;
  readonly protocol: 'TCP' | 'UDP';
}

const isPod = (place: Place): place is PodPlace => place.pod !== undefined;

/** Each once. */
export const podsOf = ({ pods, outgoing, incoming }: World): readonly PodPlace[] => {
  const all = [...pods, ...[...outgoing, ...incoming].map(({ other }) => other)].filter(isPod);
  return [...new Map(all.map((place) => [place.ip, place])).values()];
};

/** The API server itself: not every network translates the address of its Service before it asks the policies. */
const apiServer = async (): Promise<{ ip: string; port: number }> => {
  const query = ['get', 'endpointslices', '-n', 'default', '-l=kubernetes.io/service-name=kubernetes'];
  const { items } = JSON.parse(await kubectl([...query, '-o', 'json'])) as {
    items: readonly [
      { endpoints: readonly [{ addresses: readonly [string] }]; ports: readonly [{ port: number }] },
    ];
  };
  return { ip: items[0].endpoints[0].addresses[0], port: items[0].ports[0].port };
};

/** Between pods at their addresses, each in its title. */
const betweenPods = (world: World, located: ReadonlyMap<string, PodPlace>): readonly Attempt[] =>
  (['outgoing', 'incoming'] as const).flatMap((direction) =>
    world.pods.flatMap((pod) =>
      world[direction].flatMap((probe) => {
        const connection = connectionOf(direction, pod, probe);
        const from = located.get(connection.from.ip);
        const to = located.get(connection.to.ip);
        if (!from || !to || from === to) return [];
        const title = `${direction} of ${pod.name}: ${probe.what}`;
        return [{ title, from, to, port: probe.port, protocol: probe.protocol }];
      }),
    ),
  );

/** From and to the pods that stand for the places, once they run. */
export const attemptsOf = async (world: World, pods: readonly PodPlace[]): Promise<readonly Attempt[]> => {
  const located = new Map<string, PodPlace>();
  for (const pod of pods) located.set(pod.ip, await locate(pod));
  const { ip, port } = await apiServer();
  const toApiServer = world.pods.map((pod): Attempt => ({
    title: `outgoing of ${pod.name}: the API server itself`,
    from: located.get(pod.ip)!,
    ...{ to: { ip }, port, protocol: 'TCP' },
  }));
  return [...betweenPods(world, located), ...toApiServer];
};
