import { exitCodeMeanings, exitCodes, type ExitCodeName } from '../contract/exit-codes.ts';
import { commonExitCodes, type Command } from './command.ts';

/** Names of the codes that a command can end with, in the order of the codes. */
export const exitCodesOf = (spec: Pick<Command, 'exitCodes'>): readonly ExitCodeName[] => {
  const possible: readonly ExitCodeName[] = [...commonExitCodes, ...spec.exitCodes];
  return (Object.keys(exitCodes) as ExitCodeName[]).filter((name) => possible.includes(name));
};

/** Code and meaning, for `--help` and the reference. */
export const exitCodeRows = (spec: Pick<Command, 'exitCodes'>): readonly (readonly [string, string])[] =>
  exitCodesOf(spec).map((name) => [String(exitCodes[name]), exitCodeMeanings[name]]);
