import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alertGroups } from '../../alerts/index.ts';
import { dashboards } from '../../dashboards/index.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { serve } from '../../runtime/src/commands/serve/serve.ts';
import { secrets } from '../../runtime/src/contract/secrets.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../kit/app.ts';
import { startHttpServer, type TestHttpServer } from '../kit/http-server.ts';
import { freePort, removeFolder, workFolder } from '../kit/private-server.ts';
import { startAlertmanager, startPrometheus, type TestPrometheus } from '../kit/prometheus.ts';
import { startRedis } from '../kit/redis.ts';
import { startKubeStateMetrics } from './monitoring/cluster.ts';
import { liveThrough, liveWell, storyTargets } from './monitoring/stories.ts';
import { until } from '../kit/until.ts';

const started: (() => Promise<void>)[] = [];
const stopping = new AbortController();

/** Remembers how to stop what was started. */
const kept = async <T extends { readonly stop: () => Promise<void> }>(starting: Promise<T>): Promise<T> => {
  const server = await starting;
  started.push(server.stop);
  return server;
};

const newStore = (): Store => {
  const path = workFolder('store');
  started.push(() => removeFolder(path));
  return directoryStore({ path });
};

const roomy = (store: Store): Store => ({
  ...store,
  space: () => Promise.resolve({ freeBytes: 2 ** 40, totalBytes: 2 ** 41 }),
});

const nearlyFull = (store: Store): Store => ({
  ...store,
  space: () => Promise.resolve({ freeBytes: 100, totalBytes: 1_000_000 }),
});

const away: Store = {
  ...directoryStore({ path: '/nonexistent' }),
  location: 's3://away',
  list: async function* () {
    throw new Error('connection refused');
  },
};

let webhook: TestHttpServer;
let prometheus: TestPrometheus;
let redis: Awaited<ReturnType<typeof startRedis>>;

/** An environment of some targets, all of one Redis, whose notifications go to `told`. */
const appOf = (environment: string, targets: readonly string[], stores: App['stores'], told: string): App =>
  testApp({
    stores,
    targets: targets.map((name) => redisTarget(redis, { name, ...(name === 'slow' && { rto: '10m' }) })),
    plan: { environment, notifications: { enabled: true } },
    run: {
      signal: stopping.signal,
      readSecret: (secret, key) => {
        if (secret === secrets.notification.name) return Promise.resolve(told);
        return key.includes('user') ? Promise.reject(new Error('no user')) : Promise.resolve('secret');
      },
    },
  });

/** Serves metrics of an app as its exporter does. */
const exportOf = async (app: App) => {
  const port = await freePort();
  const served = serve(app, { port, pauseMs: 500 });
  started.push(() => served);
  return { address: `127.0.0.1:${port}`, labels: { namespace: app.plan.environment } };
};

/**
 * The rules of an environment, changed in one way: nothing has to hold for a while. Ages need no waiting, since the runs
 * happened on other days; `for` is what test/unit/alerts plays through.
 */
const rulesOf = ({ plan }: Pick<App, 'plan'>) =>
  alertGroups({
    namespace: plan.environment,
    team: 'platform',
    runbookUrl: 'https://runbook',
    grafanaUrl: 'https://grafana',
    plan,
  }).map((group) => ({
    name: `${group.name}-${plan.environment}`,
    rules: group.rules.map((rule) => ({ ...rule, for: '0s' })),
  }));

interface Told {
  readonly labels: Readonly<Record<string, string>>;
}

/** `environment alert target` of every alert that the webhook got. */
const told = (): ReadonlySet<string> =>
  new Set(
    webhook.requests
      .flatMap(({ body }) => body.alerts as Told[])
      .map(({ labels }) => [labels['environment'], labels['alertname'], labels['target'] ?? labels['cronjob'] ?? labels['store'] ?? labels['channel'] ?? ''].join(' ').trim()),
  ); // prettier-ignore

let apps: Readonly<Record<'healthy' | 'troubled' | 'deaf' | 'silent', App>>;

beforeAll(async () => {
  redis = await kept(startRedis({ password: 'secret' }));
  await redis.cli('DEBUG', 'POPULATE', '5000');
  const listener = await kept(startHttpServer((response) => void response.end()));
  webhook = await kept(startHttpServer((response) => void response.end()));
  const [primary, replica] = [newStore(), newStore()];
  apps = {
    healthy: appOf('healthy', ['redis'], { primary: roomy(newStore()), replicas: [] }, listener.url),
    troubled: appOf('troubled', storyTargets, { primary, replicas: [] }, 'no address'),
    deaf: appOf('deaf', ['first', 'second'], { primary: roomy(newStore()), replicas: [] }, listener.url),
    silent: appOf('silent', ['redis'], { primary: newStore(), replicas: [] }, listener.url),
  };
  await liveWell(apps.healthy, 'redis');
  started.push(await liveThrough(apps.troubled, redis, replica));
  const { deaf } = apps;
  const oneTarget = { ...deaf.plan, targets: deaf.plan.targets.slice(0, 1) };
  const hourAgo = () => new Date(Date.now() - 3_600_000);
  const cluster = await kept(
    startKubeStateMetrics([
      { name: 'healthy', targets: ['redis'], troubled: false },
      { name: 'troubled', targets: storyTargets, troubled: true },
    ]),
  );
  const alertmanager = await kept(startAlertmanager(webhook.url));
  prometheus = await kept(
    startPrometheus({
      alertmanager: alertmanager.url,
      groups: Object.values(apps).flatMap(rulesOf),
      targets: [
        { address: cluster.address, labels: {} },
        await exportOf(apps.healthy),
        await exportOf({
          ...apps.troubled,
          stores: { primary: nearlyFull(primary), replicas: [replica, away] },
        }),
        await exportOf({ ...deaf, plan: oneTarget, run: { ...deaf.run, now: hourAgo } }),
      ],
    }),
  );
}, 180_000);

afterAll(async () => {
  stopping.abort();
  for (const stop of started.toReversed()) await stop();
});

/** What must be told, and of what. */
const stories: readonly string[] = [
  'troubled BackupTooOld stale',
  'troubled BackupMissing missing',
  'troubled BackupShrunk shrunk',
  'troubled BackupUnusual shrunk',
  'troubled BackupKeyMissing keyless',
  'troubled BackupVerificationFailed damaged',
  'troubled BackupNotVerified stale',
  'troubled BackupNeverVerified unreplicated',
  'troubled BackupDrillFailed damaged',
  'troubled BackupNotDrilled stale',
  'troubled BackupDrillSlow slow',
  'troubled BackupJobFailed failed',
  'troubled BackupJobOverdue stale-backup',
  'troubled BackupJobSuspended good-backup',
  'troubled BackupJobStuck slow-backup',
  'troubled BackupJobBlocked keyless-backup',
  'troubled BackupStoreDown s3://away',
  'troubled BackupNotReplicated unreplicated',
  'troubled BackupRetentionFrozen failed',
  'troubled BackupNotificationFailed webhook',
  'deaf BackupMetricsStale',
  'deaf BackupTargetUnwatched',
  'silent BackupMetricsAbsent',
  'silent BackupCronJobAbsent',
];

describe('with real backups, Prometheus and Alertmanager', () => {
  test('each alert reaches a webhook', async () => {
    const stored = ['BackupStorageLow', 'BackupStorageFilling', 'BackupStorageFull'].map(
      (alert) => `troubled ${alert} ${apps.troubled.stores.primary.location}`,
    );
    const expected = [...stories, ...stored];
    const missing = () => expected.filter((story) => !told().has(story));
    await until(() => missing().length === 0, 60).catch(() => expect(missing()).toEqual([]));
    const alerts = rulesOf(apps.troubled).flatMap(({ rules }) => rules.map(({ alert }) => alert));
    const seen = new Set([...told()].map((story) => story.split(' ')[1]!));
    expect(alerts.filter((alert) => !seen.has(alert))).toEqual([]);
  }, 90_000);

  test('nothing is told of a healthy environment, nor of the healthy target of a troubled one', async () => {
    expect(
      await prometheus.query('grill_backup_last_success_timestamp_seconds{environment="healthy"}'),
    ).toHaveLength(1);
    expect(await prometheus.query('ALERTS{environment="healthy"}')).toEqual([]);
    // before the first scrape everything is absent, and nothing has to be so for a while here
    const all = [...told()].filter((story) => !story.endsWith('Absent'));
    expect(all.filter((story) => story.startsWith('healthy') || story.endsWith(' good'))).toEqual([]);
  });

  test('an alert carries its labels, links and texts', () => {
    const alerts = webhook.requests.flatMap(({ body }) => body.alerts as (Told & { annotations: object })[]);
    const alert = alerts.find(({ labels }) => labels['target'] === 'missing')!;
    expect(alert.labels).toMatchObject({
      severity: 'critical', team: 'platform', environment: 'troubled', namespace: 'troubled',
    }); // prettier-ignore
    expect(alert.annotations).toMatchObject({
      summary: 'missing has no backup at all',
      runbook_url: 'https://runbook#backupmissing',
      dashboard_url: 'https://grafana/d/backup-monitoring',
    });
  });

  test('every query of every dashboard returns data', async () => {
    const context = {
      namespace: 'troubled',
      platform: 'test',
      runbookUrl: 'https://runbook',
      plan: apps.troubled.plan,
    };
    const queries = dashboards(context).flatMap(({ dashboard }) =>
      (dashboard.panels as { title: string; targets?: { expr: string }[] }[]).flatMap(
        ({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })),
      ),
    );
    expect(queries.length).toBeGreaterThan(10);
    const values: Readonly<Record<string, string>> = {
      ...{ environment: 'troubled', namespace: 'troubled', target: '.+' },
      ...{ __range: '1h', __interval: '15s', __rate_interval: '1m' },
    };
    const empty: string[] = [];
    for (const { title, expr } of queries) {
      const query = expr.replaceAll(/\$\{?([a-z_]+)(:\w+)?\}?/g, (_, name: string) => values[name]!);
      if ((await prometheus.query(query)).length === 0) empty.push(`${title}: ${query}`);
    }
    expect(empty).toEqual([]);
  }, 60_000);
});
