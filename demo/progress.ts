import { formatSeconds } from '../runtime/src/core/units.ts';

export interface Step<Result> {
  readonly result: Result;
  readonly seconds: number;
}

/** Runs one step of the demo, showing its name, what came out, and the time it took. */
export const step = async <Result>(
  title: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
  tell: (result: Result) => string = () => '',
): Promise<Step<Result>> => {
  signal.throwIfAborted();
  process.stdout.write(`  ${title.padEnd(28)} `);
  const started = performance.now();
  try {
    const result = await work();
    signal.throwIfAborted();
    const seconds = (performance.now() - started) / 1000;
    console.log([formatSeconds(seconds).padStart(6), tell(result)].join('  ').trimEnd());
    return { result, seconds };
  } catch (error) {
    console.log(signal.aborted ? 'interrupted' : 'FAILED');
    throw error;
  }
};

export const heading = (text: string): void => console.log(`\n${text}`);

/** What cannot be stopped half-way is left behind when the signal comes; its servers stop soon after. */
export const interruptible = async <Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> => {
  const interrupted = Promise.withResolvers<never>();
  const reject = () => interrupted.reject(signal.reason);
  signal.addEventListener('abort', reject, { once: true });
  work.catch(() => {}); // reported below, unless the signal came first
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal.removeEventListener('abort', reject);
  }
};
