import { afterAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { isAllowed } from '../../scripts/network/policy.ts';
import { connectionOf, worldOf, type Place, type World } from '../../scripts/network/world.ts';
import { environmentNames, environmentOf, objectsOf } from '../kit/environments.ts';
import { sendAll, type Attempt } from '../kit/network-namespaces.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

const folder = workFolder('network');
afterAll(() => removeFolder(folder));

const placesOf = ({ pods, outgoing, incoming }: World): readonly Place[] => {
  const all = [...pods, ...[...outgoing, ...incoming].map(({ other }) => other)];
  return [...new Map(all.map((place) => [place.ip, place])).values()];
};

/** Every cell of docs/how-to/network.md as a packet, with what the evaluator says of it. */
const expectationsOf = (world: World): readonly (Attempt & { readonly reached: boolean })[] =>
  (['outgoing', 'incoming'] as const).flatMap((direction) =>
    world.pods.flatMap((pod) =>
      world[direction]
        .filter(({ other }) => other.ip !== pod.ip)
        .map((probe) => {
          const connection = connectionOf(direction, pod, probe);
          const { port, protocol } = probe;
          const reached = isAllowed(world.policies, connection);
          return { from: connection.from.ip, to: connection.to.ip, port, protocol, reached };
        }),
    ),
  );

const sorted = (attempts: readonly object[]): readonly string[] =>
  attempts.map((each) => JSON.stringify(each)).toSorted();

describe.each(environmentNames)(
  '%s: packets between network namespaces with the policies as nftables',
  (name) => {
    const world = worldOf(environmentOf(name), objectsOf(environmentOf(name)));
    const places = placesOf(world);
    const expected = expectationsOf(world);

    test('arrive exactly where docs/how-to/network.md says so', async () => {
      expect(expected.length).toBeGreaterThan(150);
      expect(expected.filter(({ reached }) => reached).length).toBeGreaterThan(30);
      const sent = await sendAll(join(folder, name), places, world.policies, expected);
      expect(sorted(sent)).toEqual(sorted(expected));
    });
  },
);

test('without policies every packet arrives, so silence is the policies’ doing', async () => {
  const world = worldOf(environmentOf('dev'), objectsOf(environmentOf('dev')));
  const sent = await sendAll(join(folder, 'open'), placesOf(world), [], expectationsOf(world));
  expect(sent.filter(({ reached }) => !reached)).toEqual([]);
});
