import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { metricsPaths, metricsPort } from '../../contract/metrics.ts';
import type { App } from '../../session/app.ts';
import { expose, formatFor, formats } from '../../metrics/exposition.ts';
import { keepFresh, refreshPauseMs, type Snapshot } from './refresh.ts';

export interface ServeOptions {
  /** @default 9187 - where the Service of the manifests expects it */
  readonly port?: number | undefined;
  /** @default 60 s - the interval of the ServiceMonitor */
  readonly pauseMs?: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

const notYet: Answer = { status: 503, text: 'the stores were not read yet\n' };
const ok: Answer = { status: 200, text: 'ok\n' };

const metricsAnswer = async ({ plan }: App, { samples }: Snapshot, accept?: string): Promise<Answer> => {
  if (!samples) return notYet;
  const format = formatFor(accept);
  return { status: 200, text: await expose(samples, plan.environment, format), type: formats[format] };
};

/** Out of the snapshot alone: a scrape never touches a store. */
const answerTo = async (app: App, snapshot: Snapshot, request: IncomingMessage): Promise<Answer> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  switch (request.url?.split('?', 1)[0]) {
    case metricsPaths.metrics:
      return metricsAnswer(app, snapshot, request.headers.accept);
    case metricsPaths.health:
      return ok;
    case metricsPaths.ready:
      return snapshot.samples ? ok : notYet;
    default:
      return { status: 404, text: 'not found\n' };
  }
};

const respond = (
  response: ServerResponse,
  { status, text, type = 'text/plain; charset=utf-8' }: Answer,
): void => void response.writeHead(status, { 'content-type': type }).end(text);

/** Serves `/metrics`, `/healthz` and `/readyz` until the run is stopped; a scrape under way is answered to its end. */
export const serve = async (app: App, options: ServeOptions = {}): Promise<void> => {
  const { port = metricsPort, pauseMs = refreshPauseMs } = options;
  const { log, signal } = app.run;
  const snapshot: Snapshot = {};
  const server = createServer((request, response) => {
    void answerTo(app, snapshot, request).then((answer) => respond(response, answer));
  });
  server.listen(port);
  await once(server, 'listening');
  log.info({ port }, 'serving metrics');
  await keepFresh(app, snapshot, pauseMs);
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
  log.info({ reason: String((signal.reason as Error | undefined)?.message) }, 'stopped serving metrics');
};
