import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { consolePaths } from '../../contract/console.ts';
import { BackupError } from '../../core/errors.ts';
import { openApi } from '../api/api.ts';
import { documentOf } from '../api/document.ts';
import { docsPage } from '../pages/docs.ts';
import { addAssets, addPages } from '../pages/pages.ts';
import { addSigning } from '../pages/signing.ts';
import { failed } from './failed.ts';
import { hardened } from './headers.ts';
import { knownCaller } from './known-caller.ts';
import { ofCaller, type Rate } from './limits.ts';
import { notAnswered } from './methods.ts';
import { fromOwnPages } from './same-origin.ts';
import type { Console, Env } from './web.ts';

/** Longest body: a token, or a plan of a restore. */
const mostBodyBytes = 16_384;

const tooLarge = (): never => {
  throw new BackupError('request.invalid', `the body is longer than ${mostBodyBytes} bytes`);
};

/** Everything that the console answers. */
export const webApp = (console: Console, callerRate: Rate = ofCaller): OpenAPIHono<Env> => {
  const web = new OpenAPIHono<Env>();
  const api = openApi(console);
  const document = documentOf(api);
  web.onError(failed(console));
  const ownPages = fromOwnPages(console.app.plan.console?.publicUrl);
  web.notFound(notAnswered(web));
  web.use(hardened(), bodyLimit({ maxSize: mostBodyBytes, onError: tooLarge }));
  web.get(consolePaths.health, (context) => context.text('ok\n'));
  web.get(consolePaths.ready, (context) => {
    const why = console.keeper.unready();
    return why === undefined ? context.text('ok\n') : context.text('the stores were not read yet\n', 503);
  });
  addAssets(web);
  for (const path of ['/sign-in', '/sign-out']) web.use(path, ownPages);
  addSigning(web, console);
  web.use(knownCaller(console.authenticate, callerRate), ownPages);
  web.get('/openapi.json', (context) => context.json(document));
  web.get('/docs', (context) => context.html(docsPage(context.get('caller').name, document)));
  web.route(consolePaths.api, api);
  addPages(web, console);
  return web;
};
