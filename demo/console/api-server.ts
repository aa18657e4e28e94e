import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { removeFolder, workFolder } from '../../test/kit/private-server.ts';
import { selfSigned } from '../../test/kit/self-signed.ts';
import type { ClusterApi } from '../pod/cluster.ts';
import { failure, type Answer } from './documents.ts';
import { answerTo, type Person, type Served } from './requests.ts';

export interface ApiServer {
  readonly api: ClusterApi;
  /** A token of a person. */
  readonly tokenOf: (person: Person) => string;
  readonly stop: () => Promise<void>;
}

const tokenBytes = 24;

const host = '127.0.0.1';

/**
 * Stands in for the API server of the demo's cluster, on loopback: it answers what the console asks, by the RBAC of the
 * manifests, and runs Jobs as processes. Nothing else of Kubernetes is there.
 */
export const startApiServer = async (served: Omit<Served, 'personOf'>): Promise<ApiServer> => {
  const folder = workFolder('api-server');
  const tls = await selfSigned(folder);
  const people = new Map<string, Person>();
  const tokenOf = (person: Person): string => {
    const token = randomBytes(tokenBytes).toString('base64url');
    people.set(token, person);
    return token;
  };
  const personOf = (token: string): Person | undefined => people.get(token);
  const answer = async (incoming: IncomingMessage): Promise<Answer> => {
    const { method = '', url = '', headers } = incoming;
    const content = await text(incoming);
    const who = personOf(headers.authorization?.replace('Bearer ', '') ?? '');
    if (!who) return failure(401, 'Unauthorized', 'Unauthorized');
    const body: unknown = content === '' ? undefined : JSON.parse(content);
    return answerTo({ ...served, personOf }, { who, method, url: new URL(url, `https://${host}`), body });
  };
  const server = createServer(tls, (incoming, response) => {
    void answer(incoming)
      .catch((error: unknown) => failure(400, 'BadRequest', (error as Error).message))
      .then(({ status, body }) =>
        response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)),
      );
  }).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const account = (name: string): Person => ({
    name: `system:serviceaccount:${served.namespace}:${name}`,
    groups: [],
  });
  return {
    api: { host, port, certificate: tls.cert, tokenOf: (name) => tokenOf(account(name)) },
    tokenOf,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await removeFolder(folder);
    },
  };
};
