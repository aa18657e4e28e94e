import { getConnInfo } from '@hono/node-server/conninfo';
import type { MiddlewareHandler } from 'hono';
import { isBackupError } from '../../core/errors.ts';
import type { Authenticate } from '../auth/caller.ts';
import { limitOf, ofStranger, type Rate } from './limits.ts';
import type { Env, WebContext } from './web.ts';

const addressOf = (context: WebContext): string => getConnInfo(context).remote.address ?? 'unknown';

/** Finds out who asks, and how much more of it is answered. Strangers are counted by address, people by name. */
export const knownCaller = (authenticate: Authenticate, callerRate: Rate): MiddlewareHandler<Env> => {
  const [callers, strangers] = [limitOf(callerRate), limitOf(ofStranger)];
  return async (context, next) => {
    const address = addressOf(context);
    strangers.check(address);
    const caller = await authenticate(context.req.raw.headers).catch((error: unknown) => {
      if (isBackupError(error, 'access.unknown')) strangers.take(address);
      throw error;
    });
    callers.take(caller.name);
    context.set('caller', caller);
    await next();
  };
};
