import { isRegular } from '../../archives/facts.ts';
import { fileName } from '../../archives/layout.ts';
import { effectOf, saved } from '../../commands/restore/effect.ts';
import { names } from '../../contract/names.ts';
import { BackupError } from '../../core/errors.ts';
import { shell } from '../../core/shell.ts';
import { parseDuration } from '../../core/units.ts';
import type { CountedArchive } from '../../health/archives-state.ts';
import type { TargetState } from '../../health/target-state.ts';
import { engineOf } from '../../session/app.ts';

/** Parts that may be named at once. */
export const mostParts = 50;

/** What is to come back. */
export interface RestoreWish {
  /** File name of an archive. @default the newest */
  readonly archive?: string | undefined;
  /** An instant of the log instead. */
  readonly instant?: string | undefined;
  /** Tables, buckets or key types. @default all */
  readonly only?: readonly string[] | undefined;
}

/** What a restore would do, and how a person starts it. Nothing is started by it. */
export interface PlannedRestore {
  readonly target: string;
  /** Absent for an instant: the restore itself chooses the base. */
  readonly archive?: string;
  readonly instant?: string;
  /** Instant that the data is of. */
  readonly takenAt: string;
  readonly archiveBytes?: number;
  readonly sourceBytes?: number;
  readonly verifiedAt?: string;
  /** What happens to the live data. */
  readonly effect: string;
  readonly wayBack: string;
  /** By the last drill that measured it; absent where none did. */
  readonly estimatedSeconds?: number;
  readonly rtoSeconds: number;
  /** In the order in which they are run. */
  readonly commands: readonly { readonly what: string; readonly command: string }[];
}

const archiveFor = ({ target, archives }: TargetState, name: string | undefined): CountedArchive => {
  const found =
    name === undefined
      ? archives.findLast(({ manifest }) => isRegular(manifest))
      : archives.find(({ key }) => fileName(key) === name);
  if (found) return found;
  const what = name === undefined ? 'no archive that counts' : 'no archive of this name that counts';
  throw new BackupError('archive.unknown', `target ${target.name} has ${what}`);
};

/** @throws BackupError `log.unreached`, which names the newest instant */
const assertReached = ({ target, log }: TargetState, instant: string): void => {
  const windows = log?.windows ?? [];
  const time = Date.parse(instant);
  if (windows.some(({ from, to }) => Date.parse(from) <= time && time <= Date.parse(to))) return;
  const newest = windows.at(-1)?.to;
  const why =
    newest === undefined ? 'no instant is stored' : `the newest instant that is stored is ${newest}`;
  throw new BackupError('log.unreached', `${instant} of ${target.name} cannot be restored: ${why}`);
};

const commandsOf = (
  { target }: TargetState,
  namespace: string,
  environment: string,
  /** As a shell reads them. */
  args: readonly string[],
): PlannedRestore['commands'] => {
  const script = `/scripts/${target.name}-restore.sh`;
  const run = (...more: readonly string[]) =>
    `kubectl exec -it ${names.restorePod} -n ${namespace} -- ${[script, ...args, ...more].join(' ')}`;
  return [
    {
      what: 'start the restore pod',
      command: `kubectl replace --force -f manifests/${environment}/${names.restorePod}.yaml`,
    },
    {
      what: 'wait for it',
      command: `kubectl wait --for=condition=Ready pod/${names.restorePod} -n ${namespace}`,
    },
    { what: 'see what would happen', command: run('--dry-run') },
    { what: 'try it without touching live data', command: run('--test') },
    { what: 'restore; it asks before it begins', command: run() },
    {
      what: 'remove the pod, which holds every secret',
      command: `kubectl delete pod ${names.restorePod} -n ${namespace}`,
    },
  ];
};

const of = (state: TargetState, { archive, instant }: RestoreWish) => {
  if (instant !== undefined) {
    assertReached(state, instant);
    return { facts: { instant, takenAt: instant }, args: ['--to', instant] };
  }
  const { key, manifest, verifiedAt } = archiveFor(state, archive);
  const { startedAt: takenAt, archiveBytes, sourceBytes } = manifest;
  const facts = { archive: key, takenAt, archiveBytes, sourceBytes, ...(verifiedAt && { verifiedAt }) };
  return { facts, args: archive === undefined ? [] : [archive] };
};

/** Plans a restore from what is known, and changes nothing. @throws BackupError `archive.unknown`, `log.unreached` */
export const planRestore = (
  state: TargetState,
  namespace: string,
  environment: string,
  wish: RestoreWish,
): PlannedRestore => {
  const engine = engineOf(state.target);
  const { facts, args } = of(state, wish);
  const parts = wish.only?.length ? ['--only', ...wish.only.map(shell)] : [];
  const seconds = state.drills.measuredSeconds;
  return {
    target: state.target.name,
    ...facts,
    effect: effectOf(engine, { test: false, only: wish.only }),
    wayBack: saved(engine),
    rtoSeconds: parseDuration(state.target.rto),
    ...(seconds !== undefined && { estimatedSeconds: Math.ceil(seconds) }),
    commands: commandsOf(state, namespace, environment, [...args, ...parts]),
  };
};
