import { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { BackupError } from '../../core/errors.ts';
import type { Console, Env } from '../server/web.ts';
import { addActions } from './actions.ts';
import { addArchives } from './archives.ts';
import { addEvents } from './events.ts';
import { addHistory } from './history.ts';
import type { Api } from './routes.ts';
import { addSystem } from './system.ts';
import { addTargets } from './targets.ts';

/** Longest reason that an answer quotes: it may hold text of the request. */
const longestReason = 300;

/** The API, with every request and answer described. */
export const openApi = (console: Console): Api => {
  const api: Api = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return;
      const reason = z.prettifyError(result.error).replaceAll('\n', ' ').slice(0, longestReason);
      throw new BackupError('request.invalid', `the ${result.target} of the request is not valid: ${reason}`);
    },
  });
  for (const add of [addTargets, addArchives, addHistory, addSystem, addActions, addEvents])
    add(api, console);
  return api;
};
