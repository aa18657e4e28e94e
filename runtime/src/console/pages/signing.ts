import type { Hono } from 'hono';
import { BackupError, isBackupError } from '../../core/errors.ts';
import type { Headers } from '../auth/caller.ts';
import type { Console, Env } from '../server/web.ts';
import { signInPage } from './sign-in.ts';

const tokenIn = (form: Readonly<Record<string, unknown>>): string => {
  const { token } = form;
  return typeof token === 'string' ? token.trim() : '';
};

const headersWith = (token: string): Headers => ({
  get: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
});

const notAForm = (): never => {
  throw new BackupError('request.invalid', 'the form of the request is not valid');
};

/** Signing in with a token, and out. */
export const addSigning = (web: Hono<Env>, { authenticate, sessions }: Console): void => {
  web.get('/sign-in', (context) => context.html(signInPage()));
  web.post('/sign-in', async (context) => {
    const token = tokenIn(await context.req.parseBody().catch(notAForm));
    try {
      await authenticate(headersWith(token));
    } catch (error) {
      if (!isBackupError(error, 'access.unknown')) throw error;
      return context.html(signInPage(error.message), 401);
    }
    const cookie = await sessions.begin(token);
    if (cookie === undefined)
      return context.html(signInPage('the token is longer than a cookie can be'), 400);
    context.header('set-cookie', cookie);
    return context.redirect('/', 303);
  });
  web.post('/sign-out', (context) => {
    context.header('set-cookie', sessions.end);
    return context.redirect('/sign-in', 303);
  });
};
