import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { collect } from '../../runtime/src/core/process.ts';

/** A request as it is recorded and compared: bodies that are no text by their hash, uncompressed. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer; text as it is, anything else as base64 of its gzip. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly gzip?: string;
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly answer: RecordedAnswer;
}

/** What one scenario said to a real server, what it heard, and what came out of it. */
export interface Recording {
  /** Version of the server that answered. */
  readonly influxd: string;
  /** The run's clock. */
  readonly now: string;
  readonly exchanges: readonly Exchange[];
  readonly result: unknown;
}

const pick = (headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );

const isText = (type = ''): boolean => /json|csv|text|flux|^$/.test(type);

const bodyOf = (headers: IncomingMessage['headers'], bytes: Buffer): string => {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  return isText(headers['content-type'])
    ? plain.toString('utf8')
    : `${plain.length} bytes, sha256 ${createHash('sha256').update(plain).digest('hex')}`;
};

export const recordRequest = (request: IncomingMessage, body: Buffer): RecordedRequest => ({
  method: request.method!,
  path: request.url!,
  headers: pick(request.headers, [
    'authorization',
    'content-type',
    'content-encoding',
    'accept',
    'accept-encoding',
  ]),
  body: bodyOf(request.headers, body),
});

export const recordAnswer = (response: IncomingMessage, body: Buffer): RecordedAnswer => ({
  status: response.statusCode!,
  headers: pick(response.headers, ['content-type', 'x-influxdb-version']),
  ...(isText(response.headers['content-type'])
    ? { text: body.toString('utf8') }
    : { gzip: gzipSync(body, { level: 9 }).toString('base64') }),
});

const contentOf = ({ text = '', gzip }: RecordedAnswer): Buffer =>
  gzip === undefined ? Buffer.from(text) : gunzipSync(Buffer.from(gzip, 'base64'));

/** A prime that is smaller than a boundary's line, so that every border of the format falls between two chunks once. */
const chunkBytes = 61;

const send = async (response: ServerResponse, answer: RecordedAnswer): Promise<void> => {
  response.writeHead(answer.status, answer.headers);
  const content = contentOf(answer);
  for (let at = 0; at < content.length; at += chunkBytes) {
    response.write(content.subarray(at, at + chunkBytes));
    if (at % (chunkBytes * 64) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
};

export interface Replay {
  readonly host: string;
  readonly port: number;
  /** Requests that came, in order. */
  readonly requests: readonly RecordedRequest[];
  readonly stop: () => Promise<void>;
}

/** Serves recorded answers in their order; a request beyond the last gets 599. */
export const startReplay = async (exchanges: readonly Exchange[]): Promise<Replay> => {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      requests.push(recordRequest(request, await collect(request)));
      const recorded = exchanges[requests.length - 1]?.answer;
      await send(response, recorded ?? { status: 599, headers: {}, text: 'no answer was recorded' });
    };
    answer().catch((error: Error) => response.destroy(error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address: host, port } = server.address() as AddressInfo;
  return {
    host,
    port,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
