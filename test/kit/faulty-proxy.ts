import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What goes wrong with a connection. */
export type Fault =
  /** After so many bytes in one direction the connection breaks, or stays open and says nothing more. */
  | {
      readonly kind: 'cut' | 'stall';
      readonly direction: 'request' | 'response';
      readonly afterBytes: number;
    }
  /** The server is not asked; this HTTP status is the answer to every request. */
  | { readonly kind: 'status'; readonly status: number }
  /** The response is passed on with one header replaced, its body untouched. */
  | { readonly kind: 'header'; readonly pattern: RegExp; readonly replacement: string };

export interface FaultyProxy {
  readonly endpoint: string;
  /** Connections so far. */
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** Passes data on until `afterBytes`, then cuts or stalls both sides. */
const limited = (from: Socket, to: Socket, fault: Extract<Fault, { direction: string }>): void => {
  let left = fault.afterBytes;
  from.on('data', (chunk: Buffer) => {
    if (left > 0) to.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    from.pause();
    if (fault.kind === 'cut') to.end(() => [from, to].forEach((socket) => socket.destroy()));
  });
};

const answering = (client: Socket, status: number): void => {
  client.on('data', () =>
    client.end(`HTTP/1.1 ${status} Injected\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
  );
};

const rewriting = (server: Socket, client: Socket, pattern: RegExp, replacement: string): void => {
  server.on('data', (chunk: Buffer) =>
    client.write(Buffer.from(chunk.toString('latin1').replace(pattern, replacement), 'latin1')),
  );
};

const join = (client: Socket, server: Socket, fault: Fault | undefined): void => {
  const broken = fault && 'direction' in fault ? fault : undefined;
  if (broken?.direction === 'request') limited(client, server, broken);
  else client.pipe(server);
  if (broken?.direction === 'response') limited(server, client, broken);
  else if (fault?.kind === 'header') rewriting(server, client, fault.pattern, fault.replacement);
  else server.pipe(client);
};

/** A TCP proxy on loopback in front of an HTTP endpoint; `fault` decides what happens to each connection, from 0. */
export const startFaultyProxy = async (
  endpoint: string,
  fault: (connection: number) => Fault | undefined,
): Promise<FaultyProxy> => {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const proxy = createServer((client) => {
    const injected = fault(connections++);
    keep(client);
    if (injected?.kind === 'status') return answering(client, injected.status);
    join(client, keep(connect(Number(port), hostname)), injected);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`,
    connections: () => connections,
    stop: async () => {
      const closed = once(proxy.close(), 'close');
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
};
