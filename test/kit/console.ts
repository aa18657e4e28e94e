import type { ClusterAccess } from '../../runtime/src/core/context.ts';
import { serveConsole } from '../../runtime/src/console/serve.ts';
import type { Rate } from '../../runtime/src/console/server/limits.ts';
import type { Stores } from '../../runtime/src/store/registry.ts';
import { testApp, type TestApp } from './app.ts';
import { freePort } from './private-server.ts';
import { until } from './until.ts';

export interface TestConsole {
  readonly url: string;
  /** Asks as a person by a token. @param token none where it is absent */
  readonly ask: (path: string, token?: string, more?: RequestInit) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

interface Setting extends Partial<TestApp> {
  readonly stores: Stores;
  readonly cluster: { readonly access: ClusterAccess };
  readonly pauseMs?: number;
  readonly callerRate?: Rate;
}

const connections = {
  postgresql: { host: '127.0.0.1', database: 'grillstats' },
  influxdb: { host: '127.0.0.1' },
  redis: { host: '127.0.0.1' },
};

/** Targets of the committed environments; no test here reaches their databases. */
export const consoleTargets = Object.entries(connections).map(([name, connection]) => ({
  name,
  engine: name,
  connection,
  secret: { name },
}));

/** The console in this process, on a free port of loopback, once it has read the store or failed to. */
export const startConsole = async ({
  cluster,
  pauseMs = 0,
  callerRate,
  ...setting
}: Setting): Promise<TestConsole> => {
  const stopping = new AbortController();
  const app = testApp({
    targets: consoleTargets,
    ...setting,
    run: { ...setting.run, cluster: cluster.access, signal: stopping.signal },
  });
  const port = await freePort();
  const served = serveConsole(app, { port, pauseMs, callerRate });
  const url = `http://127.0.0.1:${port}`;
  const ask: TestConsole['ask'] = (path, token, more = {}) =>
    fetch(`${url}${path}`, {
      redirect: 'manual',
      ...more,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...more.headers },
    });
  await until(async () => (await ask('/healthz').catch(() => undefined))?.ok === true);
  return {
    url,
    ask,
    stop: async () => {
      stopping.abort();
      await served;
    },
  };
};
