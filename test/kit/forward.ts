import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Services } from '../../demo/pod/cluster.ts';
import type { Plan } from '../../runtime/src/plan/schema.ts';

/** Names and ports of a plan, answered by servers that listen elsewhere. */
export interface ServiceNames {
  /** Host name of the plan → address on loopback. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

const forward = async (host: string, port: number, to: { host: string; port: number }) => {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const database = connect({ ...to, allowHalfOpen: true });
    client.pipe(database).pipe(client);
    client.on('error', () => database.destroy());
    database.on('error', () => client.destroy());
  }).listen(port, host);
  await once(server, 'listening');
  return server;
};

/** Loopback addresses that belong to this process by custom, so that the plan's own ports are free there. */
const addressOf = (index: number): string =>
  `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 256}.${index + 1}`;

/** Every target answers under its own address at the ports that the plan names, as a Service would. */
export const forwardServices = async (
  targets: Plan['targets'],
  services: Services,
): Promise<ServiceNames> => {
  const forwarded = targets.map(async ({ name, connection }, index) => {
    const { host, ...fields } = services[name]!;
    const ports = Object.entries(fields).map(([field, port]) =>
      forward(addressOf(index), Number((connection as Record<string, unknown>)[field]), {
        host: String(host),
        port: Number(port),
      }),
    );
    return Promise.all(ports);
  });
  const servers = (await Promise.all(forwarded)).flat();
  return {
    hosts: Object.fromEntries(
      targets.map(({ connection }, index) => [String(connection.host), addressOf(index)]),
    ),
    stop: () => servers.forEach((server) => server.close()),
  };
};
