import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { consolePaths } from '../../contract/console.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import type { Caller } from '../auth/caller.ts';
import type { Trail } from '../auth/trail.ts';
import { problemPage } from '../pages/problem.ts';
import { problemOf, type Problem } from './problem.ts';
import type { Console, WebContext } from './web.ts';

const jsonType = { 'content-type': 'application/problem+json' };

/** Programs get a document, people a page; both say the same. */
const isForProgram = (context: Context): boolean =>
  context.req.path.startsWith(consolePaths.api) ||
  !(context.req.header('accept') ?? '').includes('text/html');

const signInFirst = ({ status }: Problem, context: Context): boolean =>
  status === 401 && context.req.method === 'GET';

/** Who comes without a token is asked to sign in, and was refused nothing. */
const noteRefusal = (trail: Trail, { code, status }: Problem, context: WebContext): void => {
  const { method, path, raw } = context.req;
  const isRefused = status === 403 || (status === 401 && raw.headers.has('authorization'));
  if (!isRefused || code === 'unexpected') return;
  const who = (context.get('caller') as Caller | undefined)?.name;
  trail.refused({ who, what: `${method} ${path}`, code });
};

/** The library refuses a body that is no JSON by itself. */
const explained = (thrown: unknown): unknown =>
  thrown instanceof HTTPException && thrown.status < 500
    ? new BackupError('request.invalid', thrown.message)
    : thrown;

/** Answers what was thrown; a defect is logged, and the answer says nothing of it. */
export const failed =
  ({ app: { run }, trail }: Console) =>
  (thrown: unknown, context: WebContext): Response | Promise<Response> => {
    const error = explained(thrown);
    if (!isBackupError(error))
      run.log.error({ problem: messageOf(error), path: context.req.path }, 'a request met a defect');
    const problem = problemOf(error);
    noteRefusal(trail, problem, context);
    const seconds = /(\d+) s$/.exec(problem.detail)?.[1];
    if (problem.status === 429 && seconds !== undefined) context.header('retry-after', seconds);
    if (problem.status === 401) context.header('www-authenticate', 'Bearer');
    if (isForProgram(context)) return context.body(JSON.stringify(problem), problem.status, jsonType);
    if (signInFirst(problem, context)) return context.redirect('/sign-in', 303);
    return context.html(problemPage(problem), problem.status);
  };
