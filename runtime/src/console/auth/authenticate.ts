import { BackupError } from '../../core/errors.ts';
import type { Authenticate, Headers } from './caller.ts';
import type { ReadSession } from './session.ts';
import type { ReviewToken } from './token-review.ts';

const scheme = /^Bearer +(\S+)$/i;

/** What a request may be known by. */
export interface Ways {
  readonly review: ReviewToken;
  /** The token of a session's cookie. */
  readonly session: ReadSession;
  /** The signed token of a proxy; undefined where the request has none. @default no proxy is trusted */
  readonly proxy?: ((headers: Headers) => ReturnType<Authenticate> | undefined) | undefined;
}

/** By a token in the header, by what the proxy signed, or by the session, in this order. */
export const authenticator =
  ({ review, session, proxy }: Ways): Authenticate =>
  async (headers) => {
    const header = headers.get('authorization');
    const [, token] = scheme.exec(header ?? '') ?? [];
    const proxied = proxy?.(headers);
    if (proxied) return proxied;
    if (token !== undefined) return review(token);
    const kept = header ? undefined : await session(headers.get('cookie') ?? '');
    if (kept === undefined) throw new BackupError('access.unknown', 'no token came with the request');
    return review(kept);
  };
