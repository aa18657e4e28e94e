import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { openCluster } from '../cluster/api.ts';
import { serving } from '../core/serving.ts';
import type { App } from '../session/app.ts';
import { openAccess } from './auth/access.ts';
import { authenticator } from './auth/authenticate.ts';
import { proxyReader } from './auth/proxy-token.ts';
import { openSessions } from './auth/session.ts';
import { tokenReviewer } from './auth/token-review.ts';
import { countedMs, openTrail } from './auth/trail.ts';
import { runsReader } from './queries/runs.ts';
import { webApp } from './server/app.ts';
import type { Rate } from './server/limits.ts';
import type { Console } from './server/web.ts';
import { openKeeper } from './state/keeper.ts';

/** Longest that a request may take to arrive: a slow one must not hold a connection. */
const requestMs = 20_000;
const headersMs = 10_000;

/** How long a connection is kept for the next request. @default 75 s - a proxy that keeps it for 60 s, as nginx does, must not find it closed */
const keptMs = 75_000;

/** A name or an address, and a port: of anything else the address of the request cannot be made. */
const hostForm = /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i;

export interface ConsoleOptions {
  readonly port: number;
  /** @default every address of the pod */
  readonly address?: string | undefined;
  /** Least pause between two readings of the stores. @default 60 s */
  readonly pauseMs?: number | undefined;
  /** Requests of one person that are answered. @default 20 a second after 200 at once */
  readonly callerRate?: Rate | undefined;
}

const openConsole = async (app: App, { pauseMs }: ConsoleOptions): Promise<Console> => {
  const cluster = await openCluster(app.run.cluster);
  const { publicUrl, proxy } = app.plan.console ?? {};
  const sessions = openSessions(app.keys, app.run.now, publicUrl !== undefined);
  const authenticate = authenticator({
    review: tokenReviewer(cluster),
    session: sessions.read,
    proxy: proxy && proxyReader(proxy),
  });
  return {
    app,
    cluster,
    keeper: openKeeper(app, { pauseMs }),
    runs: runsReader(app, pauseMs),
    access: openAccess(cluster),
    authenticate,
    sessions,
    trail: openTrail(app),
    namespace: cluster.namespace,
  };
};

/** Serves the console until the run is stopped. @throws BackupError `cluster.missing` outside of a cluster */
export const serveConsole = async (app: App, options: ConsoleOptions): Promise<void> => {
  const { log, signal } = app.run;
  const { port, address } = options;
  const console = await openConsole(app, options);
  console.keeper.unready(); // begins the first reading
  const listener = getRequestListener(webApp(console, options.callerRate).fetch);
  const server = createServer(
    { requestTimeout: requestMs, headersTimeout: headersMs, keepAliveTimeout: keptMs },
    (request, response) => {
      if (hostForm.test(request.headers.host ?? '')) void listener(request, response);
      else response.writeHead(400).end();
    },
  );
  await serving(server, { port, address }, async () => {
    log.info({ port }, 'serving the console');
    const counting = setInterval(() => void console.trail.flush(), countedMs);
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(counting);
  });
  await console.trail.flush();
  log.info('stopped serving the console');
};
