import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { root } from './environments.ts';
import { freePort, removeFolder, startServer, workFolder } from './private-server.ts';

/** A server with an HTTP API, in a folder of its own. */
interface ApiServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const startApi = async (
  program: string,
  config: object,
  argsOf: (files: { config: string; data: string; address: string }) => readonly string[],
): Promise<ApiServer> => {
  const folder = workFolder(program);
  const [file, data] = [join(folder, 'config.yaml'), join(folder, 'data')];
  writeFileSync(file, JSON.stringify(config)); // YAML is a superset of JSON
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const ready = async (): Promise<void> => {
    if (!(await fetch(`${url}/-/ready`)).ok) throw new Error('not ready');
  };
  const server = await startServer({ program, args: argsOf({ config: file, data, address }), ready });
  const stop = async (): Promise<void> => {
    await server.stop();
    await removeFolder(folder);
  };
  return { url, stop };
};

interface Receiver {
  readonly webhook_configs: readonly { readonly url: string }[];
}

/**
 * Alertmanager with the example of alerts/alertmanager.yaml, changed in three ways: every receiver is `webhook`, nothing
 * waits, and no alert silences another, so that each is seen.
 */
export const startAlertmanager = (webhook: string): Promise<ApiServer> => {
  const example = load(readFileSync(join(root, 'alerts/alertmanager.yaml'), 'utf8')) as {
    readonly route: object;
    readonly receivers: readonly Receiver[];
  };
  const config = {
    route: { ...example.route, group_wait: '1s', group_interval: '1s' },
    receivers: example.receivers.map((receiver) => ({ ...receiver, webhook_configs: [{ url: webhook }] })),
  };
  return startApi('prometheus-alertmanager', config, ({ config: file, data, address }) => [
    `--config.file=${file}`,
    `--storage.path=${data}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ]);
};

/** What is scraped, and the labels that the operator's ServiceMonitor would add. */
export interface ScrapeTarget {
  /** `host:port`. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  readonly alertmanager: string;
  readonly targets: readonly ScrapeTarget[];
  /** Rule groups. */
  readonly groups: readonly object[];
}

export interface TestPrometheus extends ApiServer {
  /** Series of an instant query. */
  readonly query: (expression: string) => Promise<readonly unknown[]>;
}

/** A rule file must be there before Prometheus reads its configuration. */
const ruleFile = (groups: readonly object[]) => {
  const folder = workFolder('rules');
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, JSON.stringify({ groups }));
  return { folder, file };
};

/** Prometheus that scrapes and evaluates every second. */
export const startPrometheus = async (options: PrometheusOptions): Promise<TestPrometheus> => {
  const { alertmanager, targets, groups } = options;
  const { folder, file } = ruleFile(groups);
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [file],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    scrape_configs: [
      {
        job_name: 'test',
        honor_labels: true,
        static_configs: targets.map(({ address, labels }) => ({ targets: [address], labels })),
      },
    ],
  };
  const server = await startApi('prometheus', config, ({ config: path, data, address }) => [
    `--config.file=${path}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    '--rules.alert.resend-delay=1s', // what fires before Alertmanager is known would wait a minute
  ]);
  return {
    ...server,
    query: async (expression) => {
      const response = await fetch(
        `${server.url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      const body = (await response.json()) as { data?: { result: readonly unknown[] }; error?: string };
      if (!body.data) throw new Error(`${expression}: ${body.error}`);
      return body.data.result;
    },
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
};

export const startPushgateway = (): Promise<ApiServer> =>
  startApi('prometheus-pushgateway', {}, ({ address }) => [`--web.listen-address=${address}`]);
