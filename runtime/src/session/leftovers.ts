import type { Target } from '../plan/schema.ts';
import { formatBytes } from '../core/units.ts';
import type { Leftover } from '../engines/engine.ts';
import { addressOf, engineOf, openSource, type App } from './app.ts';

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
      : 'kept by a restore: its undo needs it, or it is the only complete copy',
  ].join(', ');
