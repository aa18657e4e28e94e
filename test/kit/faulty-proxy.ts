import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The connection breaks, or stays open and falls silent. */
interface Break {
  readonly kind: 'cut' | 'stall';
  readonly direction: 'request' | 'response';
  /** Bytes in that direction before it happens. */
  readonly afterBytes: number;
  /** Bytes count from the first request that looks like this. @default from the first byte */
  readonly when?: RegExp;
}

/** What goes wrong with a connection. */
export type Fault =
  | Break
  /** The server is not asked; this HTTP status is the answer. */
  | { readonly kind: 'status'; readonly status: number }
  /** What matches in the response is replaced. */
  | { readonly kind: 'rewrite'; readonly pattern: RegExp; readonly replacement: string };

export interface FaultyProxy {
  readonly endpoint: string;
  /** Connections so far. */
  readonly connections: () => number;
  /** First lines of all requests so far: `PUT /bucket/key?partNumber=2&… HTTP/1.1`. */
  readonly requests: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Passes data on until the break. */
const breaking = (from: Socket, to: Socket, { kind, afterBytes }: Break, armed: () => boolean): void => {
  let left = afterBytes;
  from.on('data', (chunk: Buffer) => {
    if (!armed()) return void to.write(chunk);
    to.write(chunk.subarray(0, Math.max(left, 0)));
    left -= chunk.length;
    if (left > 0) return;
    from.pause();
    if (kind === 'cut') to.end(() => [from, to].forEach((socket) => socket.destroy()));
  });
};

const arming = (client: Socket, when: RegExp): (() => boolean) => {
  let armed = false;
  client.on('data', (chunk: Buffer) => (armed ||= when.test(chunk.toString('latin1'))));
  return () => armed;
};

const join = (client: Socket, server: Socket, fault: Fault | undefined): void => {
  const pass = (from: Socket, to: Socket, direction: Break['direction'], armed: () => boolean): void => {
    if (fault && 'direction' in fault && fault.direction === direction) breaking(from, to, fault, armed);
    else
      from.on('data', (chunk: Buffer) =>
        to.write(direction === 'response' ? rewritten(chunk, fault) : chunk),
      );
  };
  const armed = fault && 'when' in fault && fault.when ? arming(client, fault.when) : () => true;
  pass(client, server, 'request', armed);
  pass(server, client, 'response', armed);
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
};

const rewritten = (chunk: Buffer, fault: Fault | undefined): Buffer =>
  fault?.kind === 'rewrite'
    ? Buffer.from(chunk.toString('latin1').replace(fault.pattern, fault.replacement), 'latin1')
    : chunk;

const answering = (client: Socket, status: number): void => {
  client.on('data', () =>
    client.end(`HTTP/1.1 ${status} Injected\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`),
  );
};

/** A request begins a chunk, as no client here sends one before the answer to the last. */
const requestLine = /^[A-Z]+ \S+ HTTP\/1\.1(?=\r\n)/;
const longestLine = 4096;

/** A TCP proxy on loopback in front of an HTTP endpoint; `fault` decides what happens to each connection, from 0. */
export const startFaultyProxy = async (
  endpoint: string,
  fault: (connection: number) => Fault | undefined,
): Promise<FaultyProxy> => {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set<Socket>();
  let connections = 0;
  const requests: string[] = [];
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const proxy = createServer((client) => {
    const injected = fault(connections++);
    keep(client).on('data', (chunk: Buffer) => {
      const [line] = requestLine.exec(chunk.toString('latin1', 0, longestLine)) ?? [];
      if (line) requests.push(line);
    });
    if (injected?.kind === 'status') answering(client, injected.status);
    else join(client, keep(connect(Number(port), hostname)), injected);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`,
    connections: () => connections,
    requests: () => requests,
    stop: async () => {
      const closed = once(proxy.close(), 'close');
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
};
