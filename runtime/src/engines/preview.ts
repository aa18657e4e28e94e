import { BackupError } from '../core/errors.ts';

/** Something on the server that a restore should not begin with. */
export interface Hindrance {
  /** Lower case, what was found and what to do, no secret: `the live database has 2 prepared transactions: a, b`. */
  readonly message: string;
  /** Word for `--accept` with which the restore goes on all the same; absent where it could not reach its end. */
  readonly accept?: string;
}

/** What a restore would meet and leave, found out from server and archive before anything is changed. */
export interface Preview {
  readonly hindrances: readonly Hindrance[];
  /** What does not come back, comes back otherwise, or points elsewhere afterwards: one sentence each, no secrets. */
  readonly notes: readonly string[];
}

const isAccepted = ({ accept }: Hindrance, words: readonly string[]): boolean =>
  accept !== undefined && words.includes(accept);

const told = ({ message, accept }: Hindrance): string =>
  accept === undefined ? message : `${message} (--accept ${accept} restores all the same)`;

/** The notes of a restore that may begin: accepted hindrances are among them. @throws BackupError restore.refused */
export const settle = (
  { hindrances, notes }: Preview,
  accepted: readonly string[] = [],
): readonly string[] => {
  const open = hindrances.filter((hindrance) => !isAccepted(hindrance, accepted));
  if (open.length > 0) throw new BackupError('restore.refused', open.map(told).join('; '));
  return [...hindrances.map(({ message }) => message), ...notes];
};
