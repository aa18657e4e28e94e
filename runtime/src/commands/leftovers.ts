import type { Target } from '../plan/schema.ts';
import { isBackupError, messageOf } from '../core/errors.ts';
import { formatBytes } from '../core/units.ts';
import type { Leftover } from '../engines/engine.ts';
import { addressOf, engineOf, openSource, type App } from './app.ts';
import type { Finding } from './findings.ts';

/** What restores of a target left on its server, and where that is. @throws BackupError where the server is away */
export const readLeftovers = async (
  app: App,
  target: Target,
): Promise<{ readonly address: string; readonly leftovers: readonly Leftover[] }> => {
  const source = await openSource(app.run, target);
  const leftovers = (await engineOf(target).leftovers?.(app.run, source)) ?? [];
  return { address: addressOf(source), leftovers };
};

/** `12 MiB, left by a restore that was killed` */
export const describeLeftover = ({ kind, bytes }: Leftover): string =>
  [
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    kind === 'unfinished'
      ? 'left by a restore that was killed'
      : 'kept by a restore: its undo needs it, or it is the only whole copy',
  ].join(', ');

/** Needed by nobody, so `--repair` removes it; what an undo needs is for a person to remove. */
const findingOf = (target: string, store: string, leftover: Leftover): Finding => ({
  ...{ target, store, kind: 'left-on-server', key: leftover.name, severity: 'notice' },
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
    app.run.log.warn({ target: target.name, problem: messageOf(error) }, 'not looked at: the server');
    return [];
  }
};
