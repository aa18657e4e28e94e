import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../core/errors.ts';
import { encodeCommand, RespReader } from './resp.ts';

/** An RDB in a file, and what a replica must say to get it. */
export interface Offer {
  readonly file: string;
  readonly bytes: number;
  readonly password: string;
  /** 40 hexadecimal digits. */
  readonly replicationId: string;
  /** As PEM, where the replica speaks TLS. */
  readonly certificate?: { readonly cert?: string; readonly key?: string } | undefined;
}

/** A primary that serves one RDB and no commands. */
export interface Primary {
  readonly port: number;
  /** How often a replica with the right password has asked for the RDB. */
  readonly requests: () => number;
  /** Why TLS handshakes of a replica failed, one by one. */
  readonly refusals: () => readonly string[];
  readonly close: () => void;
}

/** Answers to a replica's handshake (syncWithMaster in replication.c); undefined where it awaits none. */
const answer = (command: readonly string[], password: string, trusted: boolean): string | undefined => {
  const [name = '', first = ''] = command.map((word, index) => (index < 2 ? word.toUpperCase() : word));
  if (name === 'AUTH')
    return command.at(-1) === password ? '+OK' : '-WRONGPASS this is not the password of the restore';
  if (!trusted) return '-NOAUTH Authentication required.';
  if (name === 'PING') return '+PONG';
  if (name === 'REPLCONF') return first === 'ACK' ? undefined : '+OK';
  return `-ERR this is a restore under way, not a database`;
};

/** A replica gives up a primary that says nothing for repl-timeout, 60 s by default; primaries ping every 10 s. */
const pingPeriodMs = 1000;

const keepAlive = (socket: Socket): void => {
  const timer = setInterval(() => socket.write(encodeCommand(['PING'])), pingPeriodMs);
  socket.once('close', () => clearInterval(timer));
};

const sendRdb = async (socket: Socket, offer: Offer): Promise<void> => {
  socket.write(`+FULLRESYNC ${offer.replicationId} 1\r\n$${offer.bytes}\r\n`);
  await pipeline(createReadStream(offer.file, { highWaterMark: 1 << 20 }), socket, { end: false }); // it stays connected
  keepAlive(socket);
};

const serve = async (socket: Socket, offer: Offer, asked: () => void): Promise<void> => {
  const reader = new RespReader(socket);
  let trusted = false;
  for (;;) {
    const command = (await reader.reply()) as readonly string[];
    if (trusted && /^P?SYNC$/i.test(command[0] ?? '')) {
      asked();
      await sendRdb(socket, offer);
      continue;
    }
    const line = answer(command, offer.password, trusted);
    if (command[0]?.toUpperCase() === 'AUTH') trusted = line === '+OK';
    if (line !== undefined) socket.write(`${line}\r\n`);
  }
};

type Serve = (socket: Socket) => void;

const listener = async (
  { certificate }: Offer,
  serveOne: Serve,
  refused: (error: Error) => void,
): Promise<Server> => {
  if (!certificate) return createServer(serveOne);
  const { createServer: createSecureServer } = await import('node:tls');
  return createSecureServer(certificate, serveOne).on('tlsClientError', refused);
};

/** Listens on `host` until it is closed. */
export const startPrimary = async (host: string, offer: Offer): Promise<Primary> => {
  const sockets = new Set<Socket>();
  let requests = 0;
  const refusals: string[] = [];
  const accept: Serve = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // the server connects again
    serve(socket, offer, () => (requests += 1)).catch(() => socket.destroy());
  };
  const server = await listener(offer, accept, (error) => refusals.push(messageOf(error)));
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    refusals: () => refusals,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
