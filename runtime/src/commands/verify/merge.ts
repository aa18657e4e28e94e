import { mustExist } from '../../core/must-exist.ts';
import { warningStart } from '../../health/warnings.ts';
import { buildReport } from './report.ts';
import type { VerificationReport } from './result.ts';

/** What a pod of an Indexed Job stores of its share. */
export interface ReportPart {
  /** Names of its targets, also of those of which there is nothing to report. */
  readonly targets: readonly string[];
  readonly report: VerificationReport;
}

/** What the parts say of one target; nothing where none of them has it. */
interface Said {
  readonly name: string;
  readonly part: VerificationReport | undefined;
}

const isReached = ({ name, part }: Said): boolean => part !== undefined && !part.notReached.includes(name);

const resultsOf = ({ name, part }: Said): VerificationReport['results'] =>
  part?.results.filter(({ target }) => target === name) ?? [];

const warningsOf = ({ name, part }: Said): readonly string[] =>
  part?.warnings.filter((warning) => warning.startsWith(warningStart({ name }))) ?? [];

/** Why the targets were not all reached: what stopped parts, and which of them told nothing. */
const reasonsOf = (of: number, parts: readonly VerificationReport[]): readonly string[] => {
  const told = new Set(parts.map(({ part }) => part?.index));
  const silent = Array.from({ length: of }, (_, index) => index).filter((index) => !told.has(index));
  return [
    ...new Set(parts.flatMap(({ stopped }) => stopped ?? [])),
    ...(silent.length > 0 ? [`no report of part ${silent.join(', ')} of ${of}`] : []),
  ];
};

/**
 * One report of the parts of a run, in the order of the plan: each target of the plan once, and those that no part reached are
 * named. That holds whatever the parts are: a pod that started again after an edit of the plan has other targets than the one
 * before. Pure, so of two pods that end together it does not matter which one's report stays.
 * @param targets of the plan
 * @param of how many parts there should be
 * @param parts one at least
 */
export const mergeParts = (
  targets: readonly string[],
  of: number,
  parts: readonly ReportPart[],
): VerificationReport => {
  const reports = parts.map(({ report }) => report);
  const owners = new Map(
    parts.toReversed().flatMap((part) => part.targets.map((name) => [name, part.report])),
  );
  const said = targets.map((name) => ({ name, part: owners.get(name) }));
  const ofTargets = said.flatMap(warningsOf);
  const notReached = said.filter((each) => !isReached(each)).map(({ name }) => name);
  const reasons = reasonsOf(of, reports);
  return buildReport({
    environment: mustExist(reports[0], 'part of a report').environment,
    generatedAt: mustExist(
      reports
        .map(({ generatedAt }) => generatedAt)
        .toSorted()
        .at(-1),
      'time of a part',
    ),
    stopped:
      reasons.join('; ') || (notReached.length > 0 ? 'the targets of the plan changed meanwhile' : undefined),
    notReached,
    warnings: [
      ...ofTargets,
      ...reports.flatMap(({ warnings }) => warnings.filter((each) => !ofTargets.includes(each))),
    ],
    results: said.flatMap(resultsOf),
  });
};
