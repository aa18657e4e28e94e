import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runProgram } from '../../runtime/src/cli/program.ts';
import { samplesOf } from '../../runtime/src/commands/serve/samples.ts';
import { statusSchema, type TargetStatus } from '../../runtime/src/commands/status/result.ts';
import { metrics, type MetricId } from '../../runtime/src/contract/metrics.ts';
import { stateReader, type State } from '../../runtime/src/health/state.ts';
import { expose } from '../../runtime/src/metrics/exposition.ts';
import type { App } from '../../runtime/src/session/app.ts';

/** Values of one target in a scrape: of a metric by the labels that tell them apart, such as `lastRunOk backup`. */
export type Scrape = Readonly<Record<string, number>>;

const idOf = new Map(Object.entries(metrics).map(([id, { name }]) => [name, id as MetricId]));

/** What `/metrics` says of a target. */
const scrapeOf = (exposition: string, target: string): Scrape =>
  Object.fromEntries(
    [...exposition.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].flatMap(([, name, labels, value]) => {
      const pairs = [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, word]) => [label!, word!] as const);
      if (!pairs.some(([label, word]) => label === 'target' && word === target)) return [];
      const more = pairs.filter(([label]) => label !== 'target' && label !== 'environment').map(([, word]) => word);
      return [[[idOf.get(name!)!, ...more].join(' '), Number(value)] as const];
    }),
  ); // prettier-ignore

/** What `grill-backup status --json` prints, as its schema describes it. */
const statusJson = async (app: App): Promise<readonly TargetStatus[]> => {
  const stdout = new PassThrough();
  const session = { stdout, stderr: stdout, stdin: new PassThrough(), open: () => Promise.resolve(app) };
  await runProgram(session, ['status', '--json']);
  return statusSchema.parse(JSON.parse(await text(stdout.end())));
};

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
  const [status] = await statusJson(app);
  const samples = samplesOf({ plan: app.plan, state: await read(), seconds: 0 });
  const exposition = await expose(samples, app.plan.environment, 'prometheus');
  return { status: status!, scrape: scrapeOf(exposition, status!.target) };
};
