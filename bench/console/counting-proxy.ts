import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** What was asked of an S3 server. */
export interface Requests {
  readonly listings: number;
  readonly others: number;
}

export interface CountingProxy {
  readonly endpoint: string;
  /** Since the call before. */
  readonly taken: () => Requests;
  readonly stop: () => Promise<void>;
}

/** Passes requests on to an S3 server, and counts them. The signature is of the address that a request names, which stays. */
export const startCountingProxy = async (endpoint: string): Promise<CountingProxy> => {
  const { hostname, port } = new URL(endpoint);
  let counted = { listings: 0, others: 0 };
  const server = createServer((incoming, response) => {
    const { method, url: path = '', headers } = incoming;
    counted[path.includes('list-type=2') ? 'listings' : 'others']++;
    const passed = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    incoming.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${own}`,
    taken: () => {
      const before = counted;
      counted = { listings: 0, others: 0 };
      return before;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
