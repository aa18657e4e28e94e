import { BackupError } from '../../core/errors.ts';
import { formatCount } from '../../core/units.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { Verified } from './result.ts';

/** The failure `verification.failed`, for the record of a run and for the terminal; undefined where all passed. */
export const verificationProblem = (results: readonly Verified[]): BackupError | undefined => {
  const failed = results.filter(({ ok }) => !ok);
  const [first] = failed;
  if (!first) return undefined;
  const what = `${failed.length} of ${formatCount(results.length, 'archive')} did not pass verification`;
  const place = first.archive || `store ${first.store}`;
  return new BackupError('verification.failed', `${what}, first ${place}: ${first.problem?.message}`);
};

/** What is not an archive: parts of restores to an instant, and drills of them. */
const ofInstants = ['base', 'log', 'instant', 'agreement'];

/** What a drill found of the log of a target. */
const instantFigures = (results: readonly Verified[]): Summary['figures'] => {
  const drills = results.filter(({ tier }) => tier === 'instant' || tier === 'agreement');
  if (drills.length === 0) return {};
  const recovered = drills.find(({ restore }) => restore);
  const agreed = drills.find(({ instant }) => instant?.agrees);
  return {
    instantsFailed: drills.filter(({ ok }) => !ok).length,
    ...(recovered?.restore && { instantSeconds: recovered.restore.seconds }),
    ...(agreed && { agreed: agreed.archive }),
  };
};

/** What the record of a run says of the archives of a target. */
export const verifySummary = (results: readonly Verified[]): Summary => {
  const archives = results.filter(({ tier }) => !ofInstants.includes(tier));
  const newest = archives.findLast(({ level }) => level !== 'quick') ?? archives.at(-1);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return {
    figures: {
      archives: results.length,
      failed: results.filter(({ ok }) => !ok).length,
      seconds,
      ...(newest && { archive: newest.archive }),
      ...(newest?.restore && { restoreSeconds: newest.restore.seconds, equal: true }),
      ...instantFigures(results),
    },
    problem: verificationProblem(results),
    warnings: results.flatMap(({ archive, restore, instant, notes = [] }) => [
      ...(restore && !restore.withinRto
        ? [
            `restoring ${instant ? `${instant.at} from ` : ''}${archive} took ${Math.round(restore.seconds)} s, the RTO is ${restore.rtoSeconds} s`,
          ]
        : []),
      ...notes.map((note) => (archive === '' ? note : `${archive}: ${note}`)),
    ]),
  };
};
