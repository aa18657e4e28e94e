import type { Behalf } from '../../cluster/api.ts';

/** Whom the console knows. */
export interface Caller {
  /** Name that Kubernetes, or the proxy, gives to the person. */
  readonly name: string;
  readonly groups: readonly string[];
  /** Extra fields of the account, which an authorizer may look at. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** How the person was made known: by a token of Kubernetes, or by the signed token of a proxy. */
  readonly via: 'token' | 'proxy';
  /** In whose name the API server is asked for what the person does. */
  readonly as: Behalf;
}

/** Headers of a request; names in any case. */
export interface Headers {
  readonly get: (name: string) => string | null | undefined;
}

/** Says who asks. @throws BackupError `access.unknown`, `cluster.*` */
export type Authenticate = (headers: Headers) => Promise<Caller>;
