import { unixSeconds } from '../../core/times.ts';
import { sample, type Sample } from '../../metrics/sample.ts';
import type { CopyState, StoreState } from '../../health/store-state.ts';

const copySamples =
  (store: string) =>
  ({ target, missing, newest }: CopyState): readonly Sample[] => [
    ...sample('replicaMissing', { store, target }, missing),
    ...sample('replicaPoint', { store, target }, unixSeconds(newest)),
  ];

/** Metrics of a store. */
export const storeSamples = (state: StoreState): readonly Sample[] => {
  const { location: store, up, archiveBytes, space, fullSeconds, copies } = state;
  return [
    ...sample('storeUp', { store }, up),
    ...sample('storeBytes', { store }, archiveBytes),
    ...sample('storeFreeBytes', { store }, space?.freeBytes),
    ...sample('storeSizeBytes', { store }, space?.totalBytes),
    ...sample('storeFullSeconds', { store }, fullSeconds),
    ...copies.flatMap(copySamples(store)),
  ];
};
