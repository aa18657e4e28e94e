import { readFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterAccess } from '../core/context.ts';
import { BackupError, isBackupError } from '../core/errors.ts';

/** In whose name a request is made: by that person's token, or as somebody whom the pod's account may impersonate. */
export type Behalf =
  | { readonly token: string }
  | {
      readonly user: string;
      readonly groups: readonly string[];
      /** Key of an extra field → value, for the audit log of the API server. */
      readonly extra: Readonly<Record<string, string>>;
    };

/** One request; the body of a PATCH is a JSON merge patch. */
export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** @default application/json */
  readonly accept?: string;
  /** @default the pod's own service account */
  readonly as?: Behalf | undefined;
}

/** The Kubernetes API as the pod's service account sees it. */
export interface Cluster {
  /** Namespace of the pod. */
  readonly namespace: string;
  /** Resolves to the JSON of a 2xx answer. @throws BackupError `cluster.*`, `service.unknown` */
  readonly call: (request: ApiRequest) => Promise<unknown>;
  /** The same as text, such as the log of a pod. */
  readonly read: (request: ApiRequest) => Promise<string>;
}

/** Longest that one try may take; with its pauses a request ends within 33 s, which a pod's grace period can bear. */
const tryMs = 10_000;
const pausesMs = [1000, 2000] as const;

interface Answer {
  readonly status: number;
  readonly body: string;
}

const readAccount = async ({ accountFolder }: ClusterAccess, file: string): Promise<string> => {
  try {
    return (await readFile(join(accountFolder, file), 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BackupError('cluster.missing', `${file} of the pod's service account cannot be read: ${code}`);
  }
};

const send = (options: RequestOptions, body: string | undefined): Promise<Answer> =>
  new Promise((resolve, reject) => {
    // no agent: a pooled socket would outlive the few requests of a restore
    const signal = AbortSignal.timeout(tryMs);
    const sent = request({ ...options, agent: false, signal }, (response) => {
      text(response).then((content) => resolve({ status: response.statusCode ?? 0, body: content }), reject);
    });
    sent.on('error', reject).end(body);
  });

/** What a `Status` object says; it names the account, the verb, the resource and the namespace, and never a token. */
const messageIn = ({ body }: Answer): string | undefined => {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
};

const mayPass = (status: number): boolean => status === 429 || status >= 500;

const failureOf = (answer: Answer, { method, path, as }: ApiRequest): BackupError => {
  const { status } = answer;
  const message = messageIn(answer) ?? `${method} ${path} was answered with ${status}`;
  if (status === 401)
    return new BackupError(
      'cluster.refused',
      `the API server does not accept the token of the ${as && 'token' in as ? 'caller' : 'service account'}`,
    );
  if (status === 403) return new BackupError('cluster.refused', message);
  if (status === 404) return new BackupError('service.unknown', message);
  return new BackupError(status === 409 ? 'cluster.exists' : 'cluster.failed', message);
};

const contentTypes = { PATCH: 'application/merge-patch+json', POST: 'application/json', GET: undefined };

/** Who asks. The account's token is read for every try, since the kubelet replaces it. */
const identity = async (access: ClusterAccess, as: Behalf | undefined) => {
  if (as && 'token' in as) return { authorization: `Bearer ${as.token}` };
  const authorization = `Bearer ${await readAccount(access, 'token')}`;
  if (!as) return { authorization };
  const extra = Object.entries(as.extra).map(([key, value]) => [
    `impersonate-extra-${encodeURIComponent(key)}`,
    encodeURIComponent(value),
  ]);
  const person = { 'impersonate-user': as.user, 'impersonate-group': [...as.groups] };
  return { authorization, ...person, ...(Object.fromEntries(extra) as Record<string, string>) };
};

const tryOnce = async (
  access: ClusterAccess,
  { method, path, body, accept, as }: ApiRequest,
): Promise<Answer> => {
  const ca = await readAccount(access, 'ca.crt');
  const contentType = body === undefined ? undefined : contentTypes[method];
  const headers = {
    accept: accept ?? 'application/json',
    ...(await identity(access, as)),
    ...(contentType && { 'content-type': contentType }),
  };
  const { host, port } = access;
  const document = body === undefined ? undefined : JSON.stringify(body);
  return send({ host, port, method, path, ca, headers }, document).catch((error: unknown) => {
    const { code, name } = error as NodeJS.ErrnoException;
    throw new BackupError(
      'cluster.unreachable',
      `no answer from the API server ${host}:${port}: ${code ?? name}`,
    );
  });
};

const read =
  (access: ClusterAccess) =>
  async (request: ApiRequest): Promise<string> => {
    for (const pauseMs of [...pausesMs, undefined]) {
      const answer = await tryOnce(access, request).catch((error: unknown) => {
        if (pauseMs === undefined || !isBackupError(error, 'cluster.unreachable')) throw error;
        return undefined;
      });
      if (answer && answer.status < 300) return answer.body;
      if (answer && (pauseMs === undefined || !mayPass(answer.status))) throw failureOf(answer, request);
      await sleep(pauseMs);
    }
    throw new Error('unreachable');
  };

/** Opens the API with what a pod finds in its environment. @throws BackupError `cluster.missing` outside of a cluster */
export const openCluster = async (access: ClusterAccess): Promise<Cluster> => {
  if (!access.host)
    throw new BackupError('cluster.missing', 'not running in a pod: KUBERNETES_SERVICE_HOST is not set');
  const ask = read(access);
  const call = async (request: ApiRequest): Promise<unknown> => JSON.parse(await ask(request));
  return { namespace: await readAccount(access, 'namespace'), call, read: ask };
};
