import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { metricsPaths } from '../contract/metrics.ts';
import { serving } from '../core/serving.ts';
import { expose, formatFor, formats } from './exposition.ts';
import type { Sample } from './sample.ts';

/** What a scrape is answered from. It must touch nothing slow. */
export interface Scraped {
  readonly environment: string;
  /** Undefined while there is nothing to tell. */
  readonly samples: () => readonly Sample[] | undefined;
  /** Why it is not ready, for `/readyz`; undefined where it is. */
  readonly unready: () => string | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

const unavailable = (why: string): Answer => ({ status: 503, text: `${why}\n` });
const ok: Answer = { status: 200, text: 'ok\n' };

const metricsAnswer = async (scraped: Scraped, accept?: string): Promise<Answer> => {
  const samples = scraped.samples();
  if (!samples) return unavailable(scraped.unready() ?? 'nothing to tell yet');
  const format = formatFor(accept);
  return { status: 200, text: await expose(samples, scraped.environment, format), type: formats[format] };
};

const answerTo = async (scraped: Scraped, request: IncomingMessage): Promise<Answer> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  switch (request.url?.split('?', 1)[0]) {
    case metricsPaths.metrics:
      return metricsAnswer(scraped, request.headers.accept);
    case metricsPaths.health:
      return ok;
    case metricsPaths.ready: {
      const why = scraped.unready();
      return why === undefined ? ok : unavailable(why);
    }
    default:
      return { status: 404, text: 'not found\n' };
  }
};

const respond = (
  response: ServerResponse,
  { status, text, type = 'text/plain; charset=utf-8' }: Answer,
): void => void response.writeHead(status, { 'content-type': type }).end(text);

/** Answers `/metrics`, `/healthz` and `/readyz` on a port while `work` goes on. */
export const servingMetrics = async (
  port: number,
  scraped: Scraped,
  work: () => Promise<void>,
): Promise<void> => {
  const server = createServer((request, response) => {
    void answerTo(scraped, request).then((answer) => respond(response, answer));
  });
  await serving(server, { port }, work);
};
