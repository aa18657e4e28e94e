import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { rights } from '../auth/access.ts';
import { seenTarget, seenTargets } from '../queries/targets.ts';
import type { Console, Env } from '../server/web.ts';
import { aboutPage } from './about.ts';
import { overviewPage } from './overview.ts';
import { targetPage } from './target.ts';

const assets = { 'console.css': 'text/css', 'console.js': 'text/javascript' };

/** Files that pages link, which need nobody to be known. */
export const addAssets = (web: Hono<Env>): void => {
  for (const [name, type] of Object.entries(assets)) {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    web.get(`/assets/${name}`, (context) => {
      context.header('cache-control', 'public, max-age=300');
      return context.body(text, 200, { 'content-type': `${type}; charset=utf-8` });
    });
  }
};

/** Pages for people who are known. */
export const addPages = (web: Hono<Env>, console: Console): void => {
  web.get('/', async (context) => {
    const caller = context.get('caller');
    return context.html(overviewPage(caller.name, await seenTargets(console, caller)));
  });
  web.get('/targets/:target', async (context) => {
    const caller = context.get('caller');
    const seen = await seenTarget(console, caller, context.req.param('target'));
    return context.html(targetPage(caller.name, seen));
  });
  web.get('/about', async (context) => {
    const caller = context.get('caller');
    await console.access.demand(caller, rights.whole);
    return context.html(aboutPage(caller.name, console.app.plan, await console.keeper.look()));
  });
};
