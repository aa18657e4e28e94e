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

/** What `/metrics` says of a target or a store. */
const scrapeOf = (exposition: string, name: string, of: 'target' | 'store' = 'target'): Scrape =>
  Object.fromEntries(
    [...exposition.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].flatMap(([, metric, labels, value]) => {
      const pairs = [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, word]) => [label!, word!] as const);
      if (!pairs.some(([label, word]) => label === of && word === name)) return [];
      const more = pairs.filter(([label]) => label !== of && label !== 'environment').map(([, word]) => word);
      return [[[idOf.get(metric!)!, ...more].join(' '), Number(value)] as const];
    }),
  ); // prettier-ignore

/** What `grill-backup status --json` prints, as its schema describes it. */
export const statusJson = async (app: App): Promise<readonly TargetStatus[]> => {
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

/** What `/metrics` says, by the exporter's own code. @param read its reader, which remembers what it read before */
export const exposed = async (app: App, read: () => Promise<State> = stateReader(app)) => {
  const samples = samplesOf({ plan: app.plan, state: await read(), seconds: 0 });
  const exposition = await expose(samples, app.plan.environment, 'prometheus');
  return {
    ofTarget: (name: string): Scrape => scrapeOf(exposition, name),
    ofStore: (location: string): Scrape => scrapeOf(exposition, location, 'store'),
  };
};

/** @param read the exporter's reader, which remembers what it read before */
export const answersOf = async (app: App, read?: () => Promise<State>): Promise<Answers> => {
  const [status] = await statusJson(app);
  const { ofTarget } = await exposed(app, read);
  return { status: status!, scrape: ofTarget(status!.target) };
};
