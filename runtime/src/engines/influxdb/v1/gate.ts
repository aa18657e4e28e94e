import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { InfluxdbSource } from '../http.ts';

/** A way to the server's RPC port, for a program that connects to it. */
export interface Gate {
  readonly address: string;
  readonly close: () => Promise<void>;
}

const loopback = '127.0.0.1';

/** Longest wait for the server to take what the program has sent. It closes each connection when it has loaded the shard. */
const drainMs = 60_000;

/**
 * Passes all that `socket` sends on to `target`, and ends when the server has closed the connection: the program may be
 * gone long before, and what is still under way must reach the server.
 */
const passOn = async (socket: Socket, target: Socket): Promise<void> => {
  target.pipe(socket);
  socket.once('close', () => target.resume());
  await pipeline(socket, target);
  if (!target.closed) await once(target, 'close');
};

/**
 * The program may have gone before its last connections were accepted, and a server that closes drops those that still wait
 * for that. A turn of the event loop accepts one of them, and of two turns at least one begins now: none waits when both
 * bring none.
 */
const acceptWaiting = async (accepted: readonly unknown[]): Promise<void> => {
  let before: number;
  do {
    before = accepted.length;
    await turn();
    await turn();
  } while (accepted.length > before);
};

/**
 * Passes connections on to the RPC port, the first one only when `before` is done. `influxd restore` sends the meta store
 * by its first connection, so a database that has to go beforehand is missing for a moment only, in which its clients may
 * create it again.
 */
export const openGate = async (
  { connection }: InfluxdbSource,
  before: () => Promise<void>,
): Promise<Gate> => {
  const opened = new Set<Socket>();
  const passing: Promise<void>[] = [];
  let done: Promise<void> | undefined;
  const pass = async (socket: Socket): Promise<void> => {
    await (done ??= before());
    const target = connect({ host: connection.host, port: connection.rpcPort, allowHalfOpen: true });
    opened.add(target);
    await passOn(socket, target);
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
    opened.add(socket);
    socket.on('error', () => {}); // the program is gone
    passing.push(pass(socket).catch(() => void socket.destroy())); // the program tells that its connection broke
  }).listen(0, loopback);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `${loopback}:${port}`,
    close: async () => {
      await acceptWaiting(passing);
      const closed = once(server, 'close');
      server.close();
      await Promise.race([Promise.all(passing), sleep(drainMs, undefined, { ref: false })]);
      for (const socket of opened) socket.destroy();
      await closed;
    },
  };
};
