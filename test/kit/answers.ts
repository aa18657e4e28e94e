import { samplesOf } from '../../runtime/src/commands/serve/samples.ts';
import type { TargetStatus } from '../../runtime/src/commands/status/result.ts';
import { status } from '../../runtime/src/commands/status/status.ts';
import { metrics, type MetricId } from '../../runtime/src/contract/metrics.ts';
import { stateReader, type State } from '../../runtime/src/health/state.ts';
import { expose } from '../../runtime/src/metrics/exposition.ts';
import type { App } from '../../runtime/src/session/app.ts';

/** Values of one target in a scrape: of a metric by the labels that tell them apart, such as `lastRunOk backup`. */
export type Scrape = Readonly<Record<string, number>>;

const idOf = new Map(Object.entries(metrics).map(([id, { name }]) => [name, id as MetricId]));

/** What `/metrics` says of a target. */
const scrapeOf = (text: string, target: string): Scrape =>
  Object.fromEntries(
    [...text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].flatMap(([, name, labels, value]) => {
      const pairs = [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label!, text!] as const);
      if (!pairs.some(([label, text]) => label === 'target' && text === target)) return [];
      const more = pairs.filter(([label]) => label !== 'target' && label !== 'environment').map(([, text]) => text);
      return [[[idOf.get(name!)!, ...more].join(' '), Number(value)] as const];
    }),
  ); // prettier-ignore

/** What the command and the exporter say of the only target of a plan, each by its own reading of the stores. */
export interface Answers {
  readonly status: TargetStatus;
  readonly scrape: Scrape;
}

/** @param read the exporter's reader, which remembers what it read before */
export const answersOf = async (
  app: App,
  read: () => Promise<State> = stateReader(app),
): Promise<Answers> => {
  const [row] = JSON.parse(JSON.stringify(await status(app))) as TargetStatus[];
  const samples = samplesOf({ plan: app.plan, state: await read(), seconds: 0 });
  const text = await expose(samples, app.plan.environment, 'prometheus');
  return { status: row!, scrape: scrapeOf(text, row!.target) };
};
