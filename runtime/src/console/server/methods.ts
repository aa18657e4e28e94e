import type { Hono } from 'hono';
import { BackupError } from '../../core/errors.ts';
import type { Env, WebContext } from './web.ts';

/** Middleware is there for all methods, and answers none of them. */
const answered = (web: Hono<Env>, method: string, path: string): boolean =>
  web.router.match(method, path)[0].some(([[, route]]) => route.method !== 'ALL');

/** Says whether there is nothing at an address, or what it answers to. @throws BackupError `request.unknown`, `request.method` */
export const notAnswered =
  (web: Hono<Env>) =>
  (context: WebContext): never => {
    const { method, path } = context.req;
    const allowed = ['GET', 'POST'].filter((each) => answered(web, each, path)).join(', ');
    if (allowed === '') throw new BackupError('request.unknown', 'there is no such page');
    context.header('allow', allowed);
    throw new BackupError('request.method', `${method} is not answered here: ${allowed} is`);
  };
