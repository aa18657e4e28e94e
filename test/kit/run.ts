import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import type { RunContext } from '../../runtime/src/core/context.ts';
import { removeFolder, workFolder } from './private-server.ts';

export interface TestRun extends RunContext {
  /** Removes the scratch folder. */
  readonly dispose: () => Promise<void>;
}

/** A run context of a test: real clock and random numbers, no log, a scratch folder of its own. */
export const testRun = (replaced: Partial<RunContext> = {}): TestRun => {
  const scratchDir = replaced.scratchDir ?? workFolder('run');
  return {
    now: () => new Date(),
    randomBytes,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    readSecret: (secret, key) => Promise.reject(new Error(`a test read ${secret}/${key}`)),
    fileOf: (place, name, key) => join(scratchDir, place, name, key),
    cluster: { host: undefined, port: 443, accountFolder: scratchDir },
    ...replaced,
    scratchDir,
    dispose: () => removeFolder(scratchDir),
  };
};
