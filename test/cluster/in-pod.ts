import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

// Runs in a pod, as text: `listen PORT…` answers there by TCP and UDP, `reach JSON` prints which of its ends answered.

/** Where somebody listens. */
export interface Listener {
  readonly ip: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** Policies answer with silence, or with a refusal. */
const silenceMs = 3000;

const listen = (port: number): void => {
  createServer((socket) => socket.on('error', () => {}).end()).listen(port);
  const socket = createSocket('udp4');
  socket.on('message', (text, { address, port: from }) => socket.send(text, from, address)).bind(port);
};

const byTcp = ({ ip, port }: Listener): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: ip, port, timeout: silenceMs });
    const end = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false)).once('error', () => end(false));
  });

const byUdp = ({ ip, port }: Listener): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (reached: boolean) => {
      clearTimeout(silence);
      socket.close();
      resolve(reached);
    };
    const silence = setTimeout(() => end(false), silenceMs);
    socket.once('message', () => end(true)).once('error', () => end(false));
    socket.send('are you there', port, ip);
  });

const [what, ...args] = process.argv.slice(1);
if (what === 'listen') for (const port of args) listen(Number(port));
else {
  const ends = JSON.parse(args[0]!) as readonly Listener[];
  const reached = ends.map((end) => (end.protocol === 'TCP' ? byTcp(end) : byUdp(end)));
  console.log(JSON.stringify(await Promise.all(reached)));
}
