import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ClusterAccess } from '../../runtime/src/core/context.ts';
import { removeFolder, workFolder } from './private-server.ts';
import { selfSigned } from './self-signed.ts';

/** What a real API server answered to a request of the console. */
interface Exchange {
  /** Who asked, the verb, the path and the body, without tokens. */
  readonly asked: string;
  readonly status: number;
  readonly body: string;
}

interface Recording {
  /** Such as `v1.33.4`. */
  readonly server: string;
  readonly exchanges: readonly Exchange[];
}

/** A real cluster that was prepared by test/cluster/console.ts. */
export interface RealCluster {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly server: string;
  /** Person → token. `console` is the account of the console itself. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Answers as a real API server did: replayed in CI, recorded where a cluster is at hand. */
export interface ConsoleCluster {
  readonly access: ClusterAccess;
  readonly tokenOf: (person: string) => string;
  /** What was asked, in order: who, verb, path. */
  readonly asked: string[];
  readonly stop: () => Promise<void>;
}

const fileOf = (recording: string): string =>
  join(import.meta.dirname, `../fixtures/console/${recording}.json`);

const impersonated = (headers: IncomingHttpHeaders): string =>
  Object.entries(headers)
    .filter(([name]) => name.startsWith('impersonate-'))
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .toSorted()
    .join('');

const sendOn = ({ host, port, ca }: RealCluster, incoming: IncomingMessage, body: string) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { method, url: path, headers } = incoming;
    request({ host, port, ca, method, path, headers: { ...headers, host: `${host}:${port}` } }, (answer) => {
      text(answer).then((content) => resolve({ status: answer.statusCode ?? 0, body: content }), reject);
    })
      .on('error', reject)
      .end(body);
  });

const replaced = (content: string, tokens: Readonly<Record<string, string>>): string =>
  Object.entries(tokens).reduce(
    (rest, [person, token]) => rest.replaceAll(token, `token-of-${person}`),
    content,
  );

/** Whom a request comes from. */
const askerOf = (headers: IncomingHttpHeaders, tokens: Readonly<Record<string, string>>): string =>
  replaced(headers.authorization ?? 'nobody', tokens).replace('Bearer token-of-', '') + impersonated(headers);

/** The cluster that CONSOLE_CLUSTER names, where it is to be recorded again. */
export const realCluster = (): RealCluster | undefined => {
  const named = process.env['CONSOLE_CLUSTER'];
  return named === undefined ? undefined : (JSON.parse(readFileSync(named, 'utf8')) as RealCluster);
};

/** @param recording name of the file. @param real where it is to be recorded anew; a request that was not recorded is answered with 501 */
export const startConsoleCluster = async (recording: string, real?: RealCluster): Promise<ConsoleCluster> => {
  const file = fileOf(recording);
  const folder = workFolder('console-cluster');
  const tokens = real?.tokens ?? {};
  const tokenOf = (person: string): string => tokens[person] ?? `token-of-${person}`;
  writeFileSync(join(folder, 'token'), tokenOf('console'));
  writeFileSync(join(folder, 'namespace'), 'grill-stats');
  const tls = await selfSigned(folder);
  const known = real ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Recording).exchanges;
  const exchanges = new Map(known.map((each) => [each.asked, each]));
  const asked: string[] = [];

  const answer = async (incoming: IncomingMessage, body: string): Promise<Exchange> => {
    const { method = '', url = '', headers } = incoming;
    const line = `${askerOf(headers, tokens)} ${method} ${url}`;
    asked.push(line);
    const key = `${line} ${replaced(body, tokens)}`.trim();
    if (!real) return exchanges.get(key) ?? { asked: key, status: 501, body: `not recorded: ${key}` };
    const found = await sendOn(real, incoming, body);
    const exchange = { asked: key, status: found.status, body: replaced(found.body, tokens) };
    exchanges.set(key, exchange);
    return exchange;
  };

  const server = createServer(tls, (incoming, response) => {
    void text(incoming)
      .then((body) => answer(incoming, body))
      .then(({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    access: { host: '127.0.0.1', port, accountFolder: folder },
    tokenOf,
    asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await removeFolder(folder);
      if (!real) return;
      const recorded: Recording = { server: real.server, exchanges: [...exchanges.values()] };
      writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
    },
  };
};
