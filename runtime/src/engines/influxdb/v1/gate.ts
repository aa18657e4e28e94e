import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { InfluxdbSource } from '../http.ts';

/** A way to the server's RPC port, for a program that connects to it. */
export interface Gate {
  readonly address: string;
  readonly close: () => Promise<void>;
}

const loopback = '127.0.0.1';

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
  let done: Promise<void> | undefined;
  const pass = async (socket: Socket): Promise<void> => {
    await (done ??= before());
    const target = connect({ host: connection.host, port: connection.rpcPort, allowHalfOpen: true });
    opened.add(target);
    await Promise.all([pipeline(socket, target), pipeline(target, socket)]);
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
    opened.add(socket);
    pass(socket).catch(() => socket.destroy()); // the program tells that its connection broke
  }).listen(0, loopback);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `${loopback}:${port}`,
    close: async () => {
      for (const socket of opened) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
