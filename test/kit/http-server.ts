import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Read as JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any document
  readonly body: any;
}

export interface TestHttpServer {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  readonly stop: () => Promise<void>;
}

/** Starts an HTTP server on loopback that takes JSON; `answer` gets the number of the request, from 1. */
export const startHttpServer = async (
  answer: (response: ServerResponse, count: number) => void,
): Promise<TestHttpServer> => {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: JSON.parse(text) });
      answer(response, requests.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
