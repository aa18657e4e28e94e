import { afterAll, expect, test } from '@jest/globals';
import { canBeRestored, windowSeconds } from '../../../dashboards/log-queries.ts';
import { metrics } from '../../../runtime/src/contract/metrics.ts';
import { startPrometheus } from '../../../scripts/pictures/prometheus.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const minute = 60_000;
const began = Date.parse('2026-11-29T10:00:00Z');
const after = (minutes: number): number => began + minutes * minute;

/** Windows by number, from and to in minutes. */
type Windows = Readonly<Record<string, readonly [number, number]>>;

/** What the exporter says in a minute. */
const said = (at: number, target: string, windows: Windows): readonly string[] =>
  Object.entries(windows).flatMap(([window, [from, to]]) => {
    const labels = `{environment="prod",target="${target}",window="${window}"}`;
    return [
      `${metrics.logWindowStart.name}${labels} ${after(from) / 1000} ${after(at) / 1000}`,
      `${metrics.logWindowEnd.name}${labels} ${after(to) / 1000} ${after(at) / 1000}`,
    ];
  });

/** A log that has a hole from minute 20 to 30, which is known from minute 25 on; another without any. */
const history = Array.from({ length: 61 }, (_, at) => [
  ...said(
    at,
    'holed',
    at < 25 ? { 1: [5, Math.min(at, 20)] } : { 2: [5, 20], 1: [30, Math.max(at - 1, 30)] },
  ),
  ...said(at, 'whole', { 1: [0, at] }),
]);

const bandsOf = (points: readonly (readonly [number, number])[]): readonly string[] => {
  const bands: { value: number; from: number; to: number }[] = [];
  for (const [time, value] of points) {
    const [open, at] = [bands.at(-1), (time - began) / minute];
    if (open?.value === value) open.to = at;
    else bands.push({ value, from: at, to: at });
  }
  return bands.map(({ value, from, to }) => `${value}: ${from}-${to}`);
};

test('the bar shows instants as they are known at its end, with each hole, and nothing outside of the windows', async () => {
  const prometheus = await startPrometheus(`${history.flat().join('\n')}\n# EOF\n`, minute, stack);
  const ask = async (expr: string, minutes: number, instant = false) => {
    const range = { from: after(-5), to: after(minutes), step: minute };
    const choose = (text: string) => text.replace('$environment', 'prod').replace('$target', '.+');
    const all = (text: string) =>
      text
        .split(/(?=grill_backup)/)
        .map(choose)
        .join('');
    const found = await prometheus.ask({ expr, refId: 'A', instant }, range, all);
    return Object.fromEntries(found.map(({ labels, points }) => [labels['target']!, points] as const));
  };
  const bands = async (minutes: number) => {
    const { holed = [], whole = [] } = await ask(canBeRestored(), minutes);
    return { holed: bandsOf(holed), whole: bandsOf(whole) };
  };
  expect(await bands(60)).toEqual({
    holed: ['1: 5-20', '0: 21-29', '1: 30-59'],
    whole: ['1: 0-60'],
  });
  // before the hole was known, the log ended there
  expect(await bands(24)).toEqual({ holed: ['1: 5-20'], whole: ['1: 0-24'] });
  expect((await ask(windowSeconds(), 60, true))['holed']).toEqual([[after(60), 29 * 60]]);
}, 60_000);
