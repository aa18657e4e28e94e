import { once } from 'node:events';
import type { Server } from 'node:http';

/** Ends after the answers under way. */
const close = async (server: Server): Promise<void> => {
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
};

/** Where a server listens. */
export interface Listening {
  readonly port: number;
  /** @default every address of the machine, as a pod's are behind its Service */
  readonly address?: string | undefined;
}

/** Lets a server listen while `work` goes on. */
export const serving = async (
  server: Server,
  { port, address }: Listening,
  work: () => Promise<void>,
): Promise<void> => {
  server.listen(port, address);
  await once(server, 'listening');
  try {
    await work();
  } finally {
    await close(server);
  }
};
