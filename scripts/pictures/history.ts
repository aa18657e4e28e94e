import { mounts } from '../../runtime/src/contract/mounts.ts';
import { expose } from '../../runtime/src/metrics/exposition.ts';
import { samplesOf } from '../../runtime/src/commands/serve/samples.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { stateReader } from '../../runtime/src/health/state.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { install } from './installation.ts';
import { kubernetesText, type Job } from './kubernetes.ts';
import { startPlatform } from './platform.ts';
import { storyOf } from './story.ts';

/** Between two samples of the history. */
export const sampleMs = 20 * 60_000;

/** A wall clock that runs as fast as any, from whatever time it was set to. */
const settableClock = () => {
  let offset = 0;
  return {
    now: () => new Date(Date.now() + offset),
    set: (time: number) => {
      offset = time - Date.now();
    },
  };
};

/** Lines of a scrape with the label that Prometheus' operator adds, and the time of the sample. */
const stamped = (text: string, namespace: string, at: number): string =>
  text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => `${line.replace('{', `{namespace="${namespace}",`)} ${at / 1000}`)
    .join('\n');

/**
 * Runs real backups, verifications and drills of some days under a clock that is set to each one's time, and asks the
 * exporter what it says between them. Resolves to OpenMetrics text with times.
 */
export const history = async (
  environment: Environment,
  from: number,
  to: number,
  tell: (text: string) => void,
): Promise<string> => {
  await using stack = new AsyncDisposableStack();
  const clock = settableClock();
  clock.set(from);
  const platform = await startPlatform(from, stack);
  const installation = await install(environment, platform, clock.now, stack);
  const { app, backup } = installation;
  const read = stateReader(app);
  const story = [...storyOf(installation, platform, from, to)];
  const jobs: Job[] = [];
  const texts: string[] = [];
  for (let at = from; at <= to; at += sampleMs) {
    while (story[0] && story[0].at < at) {
      const { cronJob, run, at: due } = mustExist(story.shift(), 'story');
      clock.set(due);
      const problem = await run();
      if (!cronJob) continue;
      jobs.push({ cronJob, at: due, ok: !problem });
      tell(`${new Date(due).toISOString()} ${cronJob} ${problem ?? 'ok'}`);
    }
    clock.set(at);
    const samples = samplesOf({ plan: app.plan, state: await read(), seconds: 0 });
    const scraped = (await expose(samples, environment.environment, 'openMetrics')).replaceAll(
      backup,
      mounts.backup,
    );
    texts.push(stamped(`${scraped}\n${kubernetesText(app.plan, jobs, at)}`, environment.namespace.name, at));
  }
  return `${texts.join('\n')}\n# EOF\n`;
};
