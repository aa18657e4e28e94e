import type { MiddlewareHandler } from 'hono';
import { BackupError } from '../../core/errors.ts';
import type { Env } from './web.ts';

const reads = new Set(['GET', 'HEAD']);

const hostOf = (origin: string): string | undefined => {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
};

/**
 * Refuses what another site makes a browser send: what changes something has to come from a page of the console itself. A
 * script that sends a token sends no Origin, and no browser adds that token by itself.
 */
export const fromOwnPages =
  (publicUrl: string | undefined): MiddlewareHandler<Env> =>
  async (context, next) => {
    const { method, raw } = context.req;
    const own = [raw.headers.get('host'), publicUrl && hostOf(publicUrl)];
    const [origin, site] = [raw.headers.get('origin'), raw.headers.get('sec-fetch-site')];
    const isForeign =
      origin === null
        ? site !== null && site !== 'same-origin' && site !== 'none'
        : !own.includes(hostOf(origin) ?? 'none');
    const isAmbient = origin === null && !raw.headers.has('authorization');
    if (!reads.has(method) && (isForeign || isAmbient))
      throw new BackupError('access.refused', 'the request does not come from a page of this console');
    await next();
  };
