import type { StoreState } from '../../health/store-state.ts';

/** A store as an answer says it: JSON has no Infinity. */
export interface ShownStore {
  readonly store: string;
  readonly up: boolean;
  readonly archiveBytes?: number;
  readonly freeBytes?: number;
  readonly totalBytes?: number;
  /** Absent where the store has no limit, or is not full within the forecast. */
  readonly fullSeconds?: number;
}

export const shownStore = ({ location, up, archiveBytes, space, fullSeconds }: StoreState): ShownStore => ({
  store: location,
  up,
  ...(archiveBytes !== undefined && { archiveBytes }),
  ...space,
  ...(fullSeconds !== undefined && Number.isFinite(fullSeconds) && { fullSeconds }),
});
