import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface HttpProxy {
  readonly url: string;
  /** What was asked of it: `CONNECT host:port`, or method and whole address. */
  readonly requests: readonly string[];
  readonly stop: () => Promise<void>;
}

/** A forward proxy on loopback as companies have them: CONNECT for TLS, whole addresses for the rest (RFC 9110, 9112). */
export const startHttpProxy = async (): Promise<HttpProxy> => {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const { method, headers } = incoming;
    const outgoing = forward(incoming.url!, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ url = '' }, client: Socket) => {
    requests.push(`CONNECT ${url}`);
    const { hostname, port } = new URL(`http://${url}`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) sockets.add(socket.on('error', () => {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    requests,
    stop: async () => {
      const closed = once(server.close(), 'close');
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
};
