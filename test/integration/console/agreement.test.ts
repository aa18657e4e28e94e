import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TargetStatus } from '../../../runtime/src/commands/status/result.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { factsOfScrape, factsOfStatus } from '../../kit/agreement.ts';
import { exposed, statusJson, type Scrape } from '../../kit/answers.ts';
import { redisTarget, targetWithLog, testApp } from '../../kit/app.ts';
import { startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { startConsole, type TestConsole } from '../../kit/console.ts';
import { enactEvents } from '../../kit/enact.ts';
import { removeFolder } from '../../kit/private-server.ts';
import { copySome, enactLog, systemHistory, type SystemHistory } from '../../kit/system-histories.ts';

/** Histories that are played. @default 8 - a sample for CI; AGREEMENT_HISTORIES=500 is the whole of it */
const count = Number(process.env['AGREEMENT_HISTORIES'] ?? 8);

const begin = Date.parse('2024-03-10T12:00:00Z');
const nowhere = { host: '127.0.0.1', port: 6379 };

let cluster: ConsoleCluster;
const directory = startDirectory();
beforeAll(async () => {
  cluster = await startConsoleCluster('access');
});
afterAll(async () => {
  await cluster.stop();
  await (await directory).stop();
});

const unix = (iso: string | undefined): number | undefined =>
  iso === undefined ? undefined : Date.parse(iso) / 1000;

/* eslint-disable @typescript-eslint/no-explicit-any -- documents of the API, whose form another test holds */

/** What the API says of a target: all that it has. */
interface Pages {
  readonly archives: any;
  readonly window: any;
  readonly runs: any;
  readonly drills: any;
}

type Read = (path: string) => Promise<any>;

const pagesOf = async (read: Read, target: string): Promise<Pages> => ({
  archives: await read(`/targets/${target}/archives?limit=500`),
  window: await read(`/targets/${target}/window`),
  runs: await read(`/targets/${target}/runs`),
  drills: await read(`/targets/${target}/drills`),
});

/** A drill is a run of verify at its own level. */
const commandOf = ({ command, figures }: any): string =>
  command === 'verify' && figures.level === 'drill' ? 'drill' : command;

const lastRunOf = (runs: readonly any[], command: string) =>
  runs.find((run) => commandOf(run) === command && run.failure?.code !== 'lock.held');

/** Field by field, what the pages of a target say beside what `status` and the exporter say. */
const compare = ({ archives, window, runs, drills }: Pages, status: TargetStatus, scrape: Scrape): void => {
  const rows = archives.archives as any[];
  const counted = rows.filter(({ problem }) => problem === undefined);
  const backups = counted.filter(({ tier }) => tier !== 'safety');
  const newest = backups.find(({ archive }) => archive === status.newest);
  const perTier = (tier: string) => counted.filter((row) => row.tier === tier);
  expect({
    archives: backups.length,
    setAside: rows.length - counted.length,
    newestBytes: newest?.archiveBytes,
    newestStartedAt: newest?.startedAt,
    tiers: ['daily', 'weekly', 'monthly', 'safety'].map((tier) => [perTier(tier).length, perTier(tier).reduce((sum, row) => sum + row.archiveBytes, 0)]),
  }).toEqual({
    archives: status.archives,
    setAside: scrape['withoutKey']! + scrape['broken']!,
    newestBytes: scrape['archiveBytes'],
    newestStartedAt: status.startedAt,
    tiers: ['daily', 'weekly', 'monthly', 'safety'].map((tier) => [scrape[`archives ${tier}`], scrape[`tierBytes ${tier}`]]),
  }); // prettier-ignore
  const windows = status.log?.windows ?? [];
  expect([window.windows, window.gaps]).toEqual([
    windows,
    windows.slice(1).map(({ from }, index) => ({ from: windows[index]!.to, to: from })),
  ]);
  expect(window.points.at(-1)).toBe(status.startedAt);
  for (const { command, ...last } of status.lastRuns)
    expect(lastRunOf(runs.runs, command)).toMatchObject({ startedAt: last.startedAt, finishedAt: last.finishedAt, ok: last.ok, exitCode: last.exitCode }); // prettier-ignore
  expect({
    last: drills.last && [unix(drills.last.at), Number(drills.last.ok)],
    lastGood: unix(drills.lastGood?.at),
    measured: drills.measuredSeconds,
    withinRto: drills.withinRto,
    seconds: drills.last?.seconds,
  }).toEqual({
    last: scrape['lastDrillAt'] && [scrape['lastDrillAt'], scrape['lastDrillOk']],
    lastGood: scrape['lastGoodDrillAt'],
    measured: scrape['measuredRto'],
    withinRto: status.lastDrill?.withinRto,
    seconds: status.lastDrill?.seconds,
  });
};

/** Findings of a target by their kind. */
const found = (findings: readonly any[], target: string, ...kinds: readonly string[]): readonly any[] =>
  findings.filter((each) => each.target === target && kinds.includes(each.kind));

const compareFindings = (findings: readonly any[], status: TargetStatus, scrape: Scrape, replica: string): void => {
  const aside = found(findings, status.target, 'manifest-broken', 'archive-foreign', 'archive-future');
  const missing = found(findings, status.target, 'copy-missing').map(({ message }) => Number(/^\d+/.exec(message)![0]));
  expect({
    aside: aside.length,
    staleLock: found(findings, status.target, 'lock-stale').length,
    missing: missing[0] ?? 0,
  }).toEqual({
    aside: scrape['withoutKey']! + scrape['broken']! + (scrape['brokenBases'] ?? 0),
    staleLock: Number(status.lock !== undefined && status.lock.state !== 'held'),
    missing: scrape[`replicaMissing ${replica}`],
  });
}; // prettier-ignore

const makeSystem = async () => {
  const [primary, replica] = [await (await directory).open(), await (await directory).open()];
  let now = begin;
  const setting = (plain: SystemHistory['plain']) => ({
    stores: { primary, replicas: [replica] },
    targets: [
      { ...redisTarget(nowhere), rpo: plain.rpo, rto: plain.rto, schedule: plain.schedule },
      targetWithLog(nowhere, 'grillstats'),
    ],
    run: { now: () => new Date(now), scratchDir: primary.location },
  });
  return {
    primary,
    replica,
    setting,
    pass: (seconds: number) => void (now += seconds * 1000),
    now: () => now,
  };
};

const look = async (web: TestConsole, app: ReturnType<typeof testApp>, read: ReturnType<typeof stateReader>, now: number) => {
  const ask: Read = async (path) => {
    const answer = await web.ask(`/api/v1${path}`, cluster.tokenOf('oncall'));
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.json();
  };
  const [statuses, metrics, { targets }] = [await statusJson(app), await exposed(app, read), await ask('/targets')];
  expect(targets).toEqual(statuses);
  const { findings } = await ask('/findings');
  const forecasts = await ask('/forecasts');
  for (const status of statuses) {
    const scrape = metrics.ofTarget(status.target);
    expect(factsOfStatus(status)).toEqual(factsOfScrape(scrape, now / 1000));
    expect((await ask(`/targets/${status.target}`)).target).toEqual(status);
    compare(await pagesOf(ask, status.target), status, scrape);
    compareFindings(findings, status, scrape, app.stores.replicas[0]!.location);
    const unusual = forecasts.anomalies.find((each: any) => each.target === status.target);
    expect(unusual?.says ?? []).toEqual(status.anomalies);
  }
  for (const { store, up, archiveBytes, freeBytes } of forecasts.stores) {
    const scrape = metrics.ofStore(store);
    expect([Number(up), archiveBytes, freeBytes === undefined]).toEqual([scrape['storeUp'], scrape['storeBytes'], scrape['storeFreeBytes'] === undefined]); // prettier-ignore
  }
}; // prettier-ignore

test(
  'the API, status --json and /metrics say the same, whatever happened to archives, runs, drills, copies and the log',
  async () => {
    await fc.assert(
      fc.asyncProperty(systemHistory, async ({ plain, log, copied }) => {
        const system = await makeSystem();
        const { primary, replica } = system;
        const setting = system.setting(plain);
        const app = testApp(setting);
        const read = stateReader(app);
        const rates = { callerRate: { perSecond: 1e6, burst: 1e6 } };
        let web: TestConsole | undefined;
        try {
          await enactLog(app, log, new Date(begin));
          for (const late of [false, true]) {
            if (late) system.pass(plain.pause);
            await enactEvents(primary, plain.events, late, new Date(begin), new Date(system.now()));
            await copySome(app, copied);
            web ??= await startConsole({ ...setting, ...rates, cluster });
            await look(web, app, read, system.now());
          }
        } finally {
          await web?.stop();
          for (const { location } of [primary, replica]) await removeFolder(location);
        }
      }),
      { numRuns: count },
    );
  },
  60 * 60_000,
);
