import { relative } from 'node:path';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { backUpAll, fillAll, verifyAll } from './backup.ts';
import { renderTimings, surviveDisaster } from './disaster.ts';
import { parseOptions, usage, type Options } from './options.ts';
import { isGood, outcomeOf, renderOutcomes, type Outcome } from './outcome.ts';
import { playPointInTime } from './point-in-time.ts';
import { heading } from './progress.ts';
import { damageAll, proveAll, restoreAll, type BackedUpByTarget, type Recovered } from './recovery.ts';
import { buildStage, type Stage } from './stage.ts';

type Recover = (
  stage: Stage,
  archives: BackedUpByTarget,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
) => Promise<ReadonlyMap<string, Recovered>>;

/** Opens archives by hand, damages data, restores it from the pod. */
const afterDamage: Recover = async (stage, archives, signal) => {
  await proveAll(stage, archives, signal);
  await damageAll(stage, archives, signal);
  return restoreAll(stage, archives, signal);
};

const afterDisaster: Recover = async (...all) => {
  const { recovered, timings } = await surviveDisaster(...all);
  heading(renderTimings(timings));
  return recovered;
};

/** Fills, backs up, verifies, loses, restores, compares. */
const play = async (
  stage: Stage,
  { bytes, disaster }: Options,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<readonly Outcome[]> => {
  const digests = await fillAll(stage, bytes, signal);
  const archives = await backUpAll(stage, digests, signal);
  const report = await verifyAll(stage, signal);
  const recovered = await (disaster ? afterDisaster : afterDamage)(stage, archives, signal, stack);
  return [...archives].map(([target, archive]) =>
    outcomeOf(target, archive, report, mustExist(recovered.get(target), `restore of ${target}`)),
  );
};

const demo = async (options: Options, signal: AbortSignal): Promise<boolean> => {
  await using stack = new AsyncDisposableStack();
  const stage = await buildStage(options, signal, stack);
  if (options.pointInTime) return await playPointInTime(stage, options, signal, stack);
  const outcomes = await play(stage, options, signal, stack);
  heading(renderOutcomes(outcomes));
  console.log(`\nManifests: ${relative(process.cwd(), stage.manifestsFolder)}`);
  if (options.keep) console.log(`Archives, reports and secrets: ${stage.cluster.folder}`);
  return outcomes.every(isGood);
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
