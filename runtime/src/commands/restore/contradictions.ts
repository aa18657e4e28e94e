import { allTargets } from '../../contract/names.ts';
import { BackupError } from '../../core/errors.ts';
import type { LogTarget } from '../../engines/engine-base.ts';

/** What the command line asks for; switches are false where they are not given. */
interface Request {
  readonly target: string;
  readonly archive: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly into: string | undefined;
  readonly fromTarget: string | undefined;
  readonly fromEnvironment: string | undefined;
  readonly to: string | undefined;
  readonly beforeXid: string | undefined;
  readonly dataDirectory: string | undefined;
  readonly merge: boolean;
  readonly test: boolean;
  readonly stopServices: boolean;
}

/** Combinations that make no sense: whether one holds, and what is wrong with it. */
const contradictions = (request: Request): readonly (readonly [boolean, string])[] => {
  const { archive, only, into, fromTarget, merge, test, stopServices } = request;
  const instants = [request.to, request.beforeXid].filter((each) => each !== undefined).length;
  const all = request.target === allTargets;
  return [
    [all && archive !== undefined, 'restore full takes the newest archive of each target, not a named one'],
    [all && fromTarget !== undefined, '--from-target names whose archive one target gets; name that target'],
    [
      all && (merge || (only ?? into) !== undefined),
      '--only, --into and --merge are about one target; name it',
    ],
    [
      request.dataDirectory !== undefined && instants === 0,
      '--data-directory is written of an instant: name it by --to',
    ],
    [
      request.dataDirectory !== undefined && (test || merge || stopServices || (only ?? into) !== undefined),
      '--data-directory holds the whole server and touches none; leave the flags for live data out',
    ],
    [instants > 1, '--to and --before-xid are two instants; use one of them'],
    [
      all && (request.beforeXid ?? request.dataDirectory) !== undefined,
      '--before-xid and --data-directory are about one target; name it',
    ],
    [
      instants > 0 && archive !== undefined,
      'an instant is made of a base and the log, not of a named archive',
    ],
    [
      instants > 0 && (fromTarget ?? request.fromEnvironment) !== undefined,
      'an instant is made of the own log of the target; leave --from-target and --from-environment out',
    ],
    [Boolean(into) && test, '--into names what is kept, --test keeps nothing; use one of them'],
    [Boolean(into) && merge, '--into leaves the live data alone, --merge writes over it; use one of them'],
    [
      stopServices && (test || Boolean(into)),
      '--stop-services is for a restore that touches live data; --test and --into touch none',
    ],
    [merge && test, '--merge needs live data, --test touches none; use one of them'],
  ];
};

/** Targets have no position in common, and `latest` is what `restore full` takes of archives. @throws BackupError `usage.invalid` */
export const refuseAllWithoutTime = (target: string, until: LogTarget | undefined): void => {
  const isTime = until === undefined || (typeof until === 'object' && 'time' in until);
  if (target === allTargets && !isTime)
    throw new BackupError('usage.invalid', 'restore full goes to a time only: --to <time>');
};

/** @throws BackupError `usage.invalid` for flags that do not go together */
export const refuseContradictions = (request: Request): void => {
  const found = contradictions(request).find(([holds]) => holds);
  if (found) throw new BackupError('usage.invalid', found[1]);
};
