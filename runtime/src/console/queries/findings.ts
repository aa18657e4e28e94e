import type { Checked } from '../../commands/check/result.ts';
import type { FailureCode } from '../../core/errors.ts';
import type { TargetState } from '../../health/target-state.ts';
import type { StoreState } from '../../health/store-state.ts';
import type { State } from '../../health/state.ts';
import { formatCount } from '../../core/units.ts';

const kindOf: Partial<Readonly<Record<FailureCode, Checked['kind']>>> = {
  'archive.foreign': 'archive-foreign',
  'archive.future': 'archive-future',
};

type Aside = Pick<TargetState['setAside'][number], 'key' | 'error'>;

const asideOf =
  (target: string, store: string) =>
  ({ key, error }: Aside): Checked => ({
    target,
    store,
    key,
    kind: kindOf[error.code] ?? 'manifest-broken',
    message: error.message,
    severity: 'problem',
    repairable: false,
  });

const lockOf = ({ target, lock }: TargetState, store: string): readonly Checked[] =>
  lock && lock.state !== 'held'
    ? [
        {
          target: target.name,
          store,
          kind: 'lock-stale',
          key: `locks/${target.name}`,
          message: `the lock is ${lock.state}: the next run takes it over`,
          severity: 'notice',
          repairable: true,
        },
      ]
    : [];

const missingIn = ({ location, copies }: StoreState): readonly Checked[] =>
  copies
    .filter(({ missing }) => missing > 0)
    .map(({ target, missing }) => ({
      target,
      store: location,
      kind: 'copy-missing',
      key: '',
      message: `${formatCount(missing, 'archive')} of the primary store are missing here`,
      severity: 'problem',
      repairable: true,
    }));

/** What the state shows of what `check` looks for; only `check` itself compares file with file. Pure. @param targets that may be seen */
export const findingsOf = (
  { stores }: Pick<State, 'stores'>,
  targets: readonly TargetState[],
): readonly Checked[] => {
  const [primary, ...replicas] = stores;
  const store = primary?.location ?? '';
  const names = new Set(targets.map(({ target }) => target.name));
  return [
    ...targets.flatMap((state) => [
      ...[...state.setAside, ...(state.log?.setAside ?? [])].map(asideOf(state.target.name, store)),
      ...lockOf(state, store),
    ]),
    ...replicas.flatMap(missingIn).filter(({ target }) => names.has(target)),
  ];
};
