import type { Context } from 'hono';
import { consolePaths } from '../../contract/console.ts';
import { isBackupError, messageOf } from '../../core/errors.ts';
import type { RunContext } from '../../core/context.ts';
import { problemPage } from '../pages/problem.ts';
import { problemOf, type Problem } from './problem.ts';

const jsonType = { 'content-type': 'application/problem+json' };

/** Programs get a document, people a page; both say the same. */
const isForProgram = (context: Context): boolean =>
  context.req.path.startsWith(consolePaths.api) ||
  !(context.req.header('accept') ?? '').includes('text/html');

const signInFirst = ({ status }: Problem, context: Context): boolean =>
  status === 401 && context.req.method === 'GET';

/** Answers what was thrown; a defect is logged, and the answer says nothing of it. */
export const failed =
  ({ log }: Pick<RunContext, 'log'>) =>
  (error: unknown, context: Context): Response | Promise<Response> => {
    if (!isBackupError(error))
      log.error({ problem: messageOf(error), path: context.req.path }, 'a request met a defect');
    const problem = problemOf(error);
    const seconds = /(\d+) s$/.exec(problem.detail)?.[1];
    if (problem.status === 429 && seconds !== undefined) context.header('retry-after', seconds);
    if (problem.status === 401) context.header('www-authenticate', 'Bearer');
    if (isForProgram(context)) return context.body(JSON.stringify(problem), problem.status, jsonType);
    if (signInFirst(problem, context)) return context.redirect('/sign-in', 303);
    return context.html(problemPage(problem), problem.status);
  };
