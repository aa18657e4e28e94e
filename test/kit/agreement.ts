import type { TargetStatus } from '../../runtime/src/commands/status/result.ts';
import type { Answers, Scrape } from './answers.ts';

/** What both say of a target, in the same words; times are Unix times. */
type Facts = Readonly<Record<string, unknown>>;

const unix = (iso: string | undefined): number | undefined =>
  iso === undefined ? undefined : Date.parse(iso) / 1000;

/** The last run of each command. */
type Runs = Readonly<Record<string, { at: number; ok: boolean; exitCode: number; seconds: number }>>;

const runsOfStatus = ({ lastRuns }: TargetStatus): Runs =>
  Object.fromEntries(
    lastRuns.map(({ command, startedAt, finishedAt, ok, exitCode }) => {
      const at = unix(finishedAt)!;
      return [command, { at, ok, exitCode, seconds: Math.max(0, at - unix(startedAt)!) }];
    }),
  );

export const factsOfStatus = (status: TargetStatus): Facts => ({
  engine: status.engine,
  newest: status.newest,
  recoveryPoint: unix(status.recoveryPoint),
  windows: status.log?.windows.map(({ from, to }) => [unix(from), unix(to)]),
  log: status.log && [
    status.log.holes,
    status.log.bases,
    status.log.setAside.length,
    unix(status.log.newestBase),
  ],
  ageSeconds: status.ageSeconds,
  withinRpo: status.withinRpo,
  objectives: [status.rpoSeconds, status.rtoSeconds],
  archives: status.archives,
  archiveBytes: status.archiveBytes,
  sizeRatio: status.sizeRatio,
  withoutKey: status.setAside.filter(({ code }) => code === 'key.wrong').length,
  broken: status.setAside.filter(({ code }) => code !== 'key.wrong').length,
  verifiedAt: unix(status.verifiedAt),
  lastBackupOk: status.lastRuns.find(({ command }) => command === 'backup')?.ok,
  lastRuns: runsOfStatus(status),
  drill: status.lastDrill && [unix(status.lastDrill.at), status.lastDrill.ok],
  drillSeconds: status.lastDrill?.seconds,
  withinRto: status.lastDrill?.withinRto,
  logDrill: status.lastLogDrill && [
    unix(status.lastLogDrill.at),
    status.lastLogDrill.ok,
    status.lastLogDrill.seconds,
    unix(status.lastLogDrill.agreedAt),
  ],
  frozen: status.frozen !== undefined,
  anomalies: status.anomalies.length,
  lock: status.lock?.since && [status.lock.state, unix(status.lock.since)],
  nextRunAt: unix(status.nextRun),
});

/** Labels behind a metric's id, for each of its series. */
const seriesOf = (scrape: Scrape, id: string): readonly (readonly [string, number])[] =>
  Object.entries(scrape).flatMap(([name, value]) =>
    name.startsWith(`${id} `) ? [[name.slice(id.length + 1), value] as const] : [],
  );

const runsOfScrape = (scrape: Scrape): Runs =>
  Object.fromEntries(
    seriesOf(scrape, 'lastRunAt').map(([command, at]) => [
      command,
      {
        at,
        ok: scrape[`lastRunOk ${command}`] === 1,
        exitCode: scrape[`lastRunExitCode ${command}`]!,
        seconds: scrape[`lastRunDuration ${command}`]!,
      },
    ]),
  );

const truth = (value: number | undefined): boolean | undefined =>
  value === undefined ? undefined : value === 1;

/** Oldest first, as of `status`. */
const windowsOf = (scrape: Scrape): readonly (readonly (number | undefined)[])[] =>
  seriesOf(scrape, 'logWindowStart')
    .toSorted(([a], [b]) => Number(b) - Number(a))
    .map(([window, from]) => [from, scrape[`logWindowEnd ${window}`]]);

const logDrillOf = (scrape: Scrape): readonly unknown[] | undefined => {
  const { lastLogDrillAt, lastLogDrillOk, measuredLogRto, lastAgreedAt } = scrape;
  const ok = truth(lastLogDrillOk);
  return lastLogDrillAt === undefined
    ? undefined
    : [lastLogDrillAt, ok, ok ? measuredLogRto : undefined, lastAgreedAt];
};

/** @param at time of the reading */
export const factsOfScrape = (scrape: Scrape, at: number): Facts => {
  const { recoveryPoint, rpo, rto, measuredRto, lastDrillAt } = scrape;
  const age = recoveryPoint === undefined ? undefined : Math.max(0, at - recoveryPoint);
  const backups = seriesOf(scrape, 'archives').filter(([tier]) => tier !== 'safety');
  const drillOk = truth(scrape['lastDrillOk']);
  return {
    engine: seriesOf(scrape, 'targetInfo')[0]![0],
    newest: seriesOf(scrape, 'newestInfo')[0]?.[0].split(' ')[0],
    recoveryPoint,
    windows: scrape['bases'] === undefined ? undefined : windowsOf(scrape),
    log:
      scrape['bases'] === undefined
        ? undefined
        : [scrape['logHoles'], scrape['bases'], scrape['brokenBases'], scrape['newestBaseAt']],
    ageSeconds: age === undefined ? undefined : Math.floor(age),
    withinRpo: age !== undefined && age <= rpo!,
    objectives: [rpo, rto],
    archives: backups.reduce((sum, [, count]) => sum + count, 0),
    archiveBytes: scrape['archiveBytes'],
    sizeRatio: scrape['sizeRatio'],
    withoutKey: scrape['withoutKey'],
    broken: scrape['broken'],
    verifiedAt: scrape['lastVerifiedAt'],
    lastBackupOk: truth(scrape['lastRunOk backup']),
    lastRuns: runsOfScrape(scrape),
    drill: lastDrillAt === undefined ? undefined : [lastDrillAt, drillOk],
    drillSeconds: drillOk ? measuredRto : undefined,
    withinRto: drillOk === undefined ? undefined : drillOk && measuredRto! <= rto!,
    logDrill: logDrillOf(scrape),
    frozen: scrape['retentionFrozen'] === 1,
    anomalies: scrape['anomalies'],
    lock: seriesOf(scrape, 'lockTakenAt')[0],
    nextRunAt: scrape['nextRunAt'],
  };
};

/** The same facts as the two of them tell them. */
export const bothSides = ({ status, scrape }: Answers, now: Date): readonly [Facts, Facts] => [
  factsOfStatus(status),
  factsOfScrape(scrape, now.getTime() / 1000),
];
