import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { table } from '../runtime/src/core/text-table.ts';
import { configKey, readEnvironment } from '../src/environment/environment.ts';
import { measure, type Contender } from './harness/measure.ts';

// `npm run bench:synth`: how long a synthesis takes, from the start of node to the last file; fails where the best of its
// rounds is over the limit.

const rounds = 5;
const targetCount = 1000;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bench-synth-'));

/** prod with many targets, spread over the night. */
const writeMany = (into: string): string => {
  const prod = readEnvironment(join(root, 'Pulumi.prod.yaml'));
  const targets = Array.from({ length: targetCount }, (_, index) => ({
    ...prod.targets[index % prod.targets.length],
    name: `target-${index}`,
    schedule: 'H H(0-5) * * *',
  }));
  mkdirSync(into);
  writeFileSync(join(into, 'Pulumi.prod.yaml'), dump({ config: { [configKey]: { ...prod, targets } } }));
  return into;
};

const synthesis = (name: string, from: string): Contender => ({
  name,
  argv: [process.execPath, join(import.meta.dirname, 'synthesize.ts'), from, join(folder, 'out')],
});

const row = async (contender: Contender, limitSeconds: number): Promise<string[]> => {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) seconds.push((await measure(contender)).seconds);
  seconds.sort((a, b) => a - b);
  const [least = NaN] = seconds;
  if (least > limitSeconds) process.exitCode = 1;
  const figures = [least, seconds[rounds >> 1] ?? NaN, limitSeconds];
  return [contender.name, ...figures.map((figure) => figure.toFixed(2))];
};

try {
  const rows = [
    await row(synthesis('both environments', root), 1),
    await row(synthesis(`${targetCount} targets`, writeMany(join(folder, 'many'))), 3),
  ];
  process.stdout.write(`${table(['synthesis of', 'best s', 'median s', 'limit s'], rows)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
