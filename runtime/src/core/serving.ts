import { once } from 'node:events';
import type { Server } from 'node:http';

/** Ends after the answers under way. */
const close = async (server: Server): Promise<void> => {
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
};

/** Lets a server listen on a port while `work` goes on. */
export const serving = async (server: Server, port: number, work: () => Promise<void>): Promise<void> => {
  server.listen(port);
  await once(server, 'listening');
  try {
    await work();
  } finally {
    await close(server);
  }
};
