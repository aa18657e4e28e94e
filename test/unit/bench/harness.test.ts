import { expect, test } from '@jest/globals';
import { race } from '../../../bench/harness/race.ts';
import { withReport } from '../../../bench/harness/report.ts';

const rowsOf = (table: string): readonly (readonly string[])[] =>
  table.split('\n').map((line) => line.split(/ {2,}/));

test('a race has a line per contender, and columns only for what is known', async () => {
  const order: string[] = [];
  const contender = (name: string, files: number) => ({
    name,
    argv: ['true'],
    before: () => order.push(name),
    figures: () => ({ files }),
  });
  const contenders = [contender('first', 3), contender('second', 5)];
  const { table } = await race({ title: 'nothing', contenders, rounds: 2 });
  expect(order).toEqual(['first', 'second', 'second', 'first']);
  const [head, ...lines] = rowsOf(table);
  const known = head?.filter((column) => column !== 'peak memory'); // not of what ends at once
  expect(known).toEqual(['nothing', 'median s', 'spread', 'ratio', 'own CPU s', 'files']);
  expect(lines.map((line) => [line[0], line.at(-1)])).toEqual([
    ['first', '3'],
    ['second', '5'],
  ]);
  expect(lines[0]?.[3]).toBe('1.00');
});

test('CPU time of a server includes what it has started and what has ended', async () => {
  const work = ['sh', '-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'];
  // This process stands for a server: the contender is its child, waited for.
  const { table } = await race({
    title: 'work',
    contenders: [{ name: 'loop', argv: work }],
    rounds: 1,
    servers: [{ pid: process.pid, bytesRead: () => Promise.resolve(0) }],
  });
  const [head, line] = rowsOf(table);
  const value = (column: string): number => Number.parseFloat(line?.[head?.indexOf(column) ?? 0] ?? '');
  expect(value('own CPU s')).toBeGreaterThan(0);
  expect(value('server CPU s')).toBeGreaterThanOrEqual(value('own CPU s'));
  expect(value('server read')).toBe(0);
});

test('a contender that fails ends the race', async () => {
  const contenders = [{ name: 'no', argv: ['sh', '-c', 'exit 3'] }];
  await expect(race({ title: 'fails', contenders, rounds: 1 })).rejects.toThrow('sh -c exit 3 exited with 3');
});

test('a report replaces that of the same command, and any other stands after it', () => {
  const page = '# Page\n\n<!-- more of redis -->\n\nAfter.\n';
  const first = withReport(page, 'redis', '', 'old $& text');
  expect(first).toContain('`make bench ARGS="redis"`:\n\n```\nold $& text\n```');
  const both = withReport(first, 'redis', '--rounds 5', 'other');
  const replaced = withReport(both, 'redis', '', 'new');
  expect(replaced).not.toContain('old');
  expect(replaced.indexOf('new')).toBeLessThan(replaced.indexOf('other'));
  expect(replaced).toMatch(/<!-- more of redis -->\n\nAfter\.\n$/);
  expect(() => withReport(page, 'influxdb', '', 'text')).toThrow('no line <!-- more of influxdb -->');
});
