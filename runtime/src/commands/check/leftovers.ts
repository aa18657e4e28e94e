import { isBackupError, messageOf } from '../../core/errors.ts';
import type { Leftover } from '../../engines/engine.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import { describeLeftover, readLeftovers } from '../../session/leftovers.ts';
import type { Finding } from './finding.ts';

/** Needed by nobody, so `--repair` removes it; what an undo needs is for a person to remove. */
const findingOf = (target: string, store: string, leftover: Leftover): Finding => ({
  target,
  store,
  kind: 'left-on-server',
  key: leftover.name,
  severity: 'notice',
  message: `${describeLeftover(leftover)}; grill-backup cleanup ${target}${leftover.kind === 'kept' ? ' --kept' : ''} removes it`,
  repair:
    leftover.kind === 'unfinished'
      ? () => leftover.remove().then(() => 'removed from the server')
      : undefined,
});

/** A server that is away hides nothing that matters to the stores: it is logged. */
export const leftoverFindings = async (app: App, target: Target): Promise<readonly Finding[]> => {
  try {
    const { address, leftovers } = await readLeftovers(app, target);
    return leftovers.map((leftover) => findingOf(target.name, address, leftover));
  } catch (error) {
    if (!isBackupError(error)) throw error;
    app.run.log.warn({ target: target.name, problem: messageOf(error) }, 'not checked: the server');
    return [];
  }
};
