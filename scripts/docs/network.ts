import { dirname } from 'node:path';
import { synthesize } from '../../src/constructs/backup-system.ts';
import { environmentFiles, readEnvironment, type Environment } from '../../src/environment/environment.ts';
import { isAllowed } from '../network/policy.ts';
import { connectionOf, worldOf, type Place, type World } from '../network/world.ts';

const root = dirname(dirname(import.meta.dirname));

const cell = (
  world: World,
  direction: 'outgoing' | 'incoming',
  pod: Place,
  row: World['outgoing'][number],
): string => {
  if (pod.ip === row.other.ip) return 'itself';
  return isAllowed(world.policies, connectionOf(direction, pod, row)) ? '**yes**' : '–';
};

const table = (world: World, direction: 'outgoing' | 'incoming', heading: string): readonly string[] => [
  `| ${[heading, ...world.pods.map(({ name }) => `\`${name}\``)].join(' | ')} |`,
  `|---|${world.pods.map(() => ':-:|').join('')}`,
  ...world[direction].map(
    (row) => `| ${[row.what, ...world.pods.map((pod) => cell(world, direction, pod, row))].join(' | ')} |`,
  ),
];

const section = (environment: Environment): string => {
  const world = worldOf(
    environment,
    synthesize(environment).flatMap(({ objects }) => objects),
  );
  return [
    `## ${environment.environment}`,
    '',
    ...table(world, 'outgoing', 'from the pod to'),
    '',
    ...table(world, 'incoming', 'to the pod from'),
  ].join('\n');
};

/** For each environment, what each pod may connect to and what may connect to it. */
export const networkTables = (): string =>
  environmentFiles(root).map(readEnvironment).map(section).join('\n\n');
