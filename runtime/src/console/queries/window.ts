import type { TargetState } from '../../health/target-state.ts';
import type { Instants } from '../../wal/instants.ts';
import { isRegular } from '../../archives/facts.ts';

/** What of a target's past can be restored. */
export interface RecoveryWindow {
  /** Any instant within one, oldest first. */
  readonly windows: readonly Instants[];
  /** Between two windows: no instant of it can be restored but the points below. */
  readonly gaps: readonly Instants[];
  /** Starts of backups, oldest first: each can be restored as it was then. */
  readonly points: readonly string[];
}

/** The windows and points that can be restored, and what lies between. Pure. */
export const recoveryWindow = ({ log, archives }: Pick<TargetState, 'log' | 'archives'>): RecoveryWindow => {
  const windows = log?.windows ?? [];
  const gaps = windows.slice(1).flatMap(({ from: to }, index) => {
    const from = windows[index]?.to;
    return from === undefined ? [] : [{ from, to }];
  });
  const backups = archives.filter(({ manifest }) => isRegular(manifest));
  return {
    windows,
    gaps,
    points: [...new Set(backups.map(({ manifest }) => manifest.startedAt))],
  };
};
