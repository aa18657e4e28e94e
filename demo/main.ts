import { relative } from 'node:path';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { backUpAll, fillAll, verifyAll } from './backup.ts';
import { renderTimings, surviveDisaster } from './disaster.ts';
import { parseOptions, usage, type Options } from './options.ts';
import { isGood, outcomeOf, renderOutcomes } from './outcome.ts';
import { playPointInTime } from './point-in-time.ts';
import { heading } from './progress.ts';
import { showConsole } from './console/console.ts';
import { damageAll, proveAll, restoreAll, type BackedUpByTarget, type Recovered } from './recovery.ts';
import { buildStage, type Stage } from './stage.ts';

/** What a demo leaves: how it went, and where its data is. */
interface Played {
  readonly stage: Stage;
  readonly good: boolean;
}

type Recover = (
  stage: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
) => Promise<{ readonly stage: Stage; readonly recovered: ReadonlyMap<string, Recovered> }>;

/** Opens archives by hand, damages data, restores it from the pod. */
const afterDamage: Recover = async (stage, archives, signal) => {
  await proveAll(stage, archives, signal);
  await damageAll(stage, archives, signal);
  return { stage, recovered: await restoreAll(stage, archives, signal) };
};

const afterDisaster: Recover = async (...all) => {
  const { timings, ...rest } = await surviveDisaster(...all);
  heading(renderTimings(timings));
  return rest;
};

/** Fills, backs up, verifies, loses, restores, compares. */
const play = async (
  stage: Stage,
  { bytes, disaster }: Options,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<Played> => {
  const digests = await fillAll(stage, bytes, signal);
  const archives = await backUpAll(stage, digests, signal);
  const report = await verifyAll(stage, signal);
  const after = await (disaster ? afterDisaster : afterDamage)(stage, archives, signal, stack);
  const outcomes = [...archives].map(([target, archive]) =>
    outcomeOf(target, archive, report, mustExist(after.recovered.get(target), `restore of ${target}`)),
  );
  heading(renderOutcomes(outcomes));
  return { stage: after.stage, good: outcomes.every(isGood) };
};

const demo = async (options: Options, signal: AbortSignal): Promise<boolean> => {
  await using stack = new AsyncDisposableStack();
  const built = await buildStage(options, signal, stack);
  const { stage, good } = options.pointInTime
    ? { stage: built, good: await playPointInTime(built, options, signal, stack) }
    : await play(built, options, signal, stack);
  console.log(`\nManifests: ${relative(process.cwd(), stage.manifestsFolder)}`);
  if (options.keep) console.log(`Archives, reports and secrets: ${stage.cluster.folder}`);
  if (options.console) await showConsole(stage, signal, stack);
  return good;
};

/** Ends servers and programs on the first signal; a second one ends this process at once. */
const stopOnSignals = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  return controller.signal;
};

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else process.exitCode = (await demo(options, stopOnSignals())) ? 0 : 1;
} catch (error) {
  console.error(`\ndemo: ${(error as Error).message}`);
  process.exitCode = 1;
}
