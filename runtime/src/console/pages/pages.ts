import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { seenTargets } from '../queries/targets.ts';
import type { Console, Env } from '../server/web.ts';
import { overviewPage } from './overview.ts';

const asset = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Files that pages link, which need nobody to be known. */
export const addAssets = (web: Hono<Env>): void => {
  const css = asset('console.css');
  web.get('/assets/console.css', (context) => {
    context.header('cache-control', 'public, max-age=300');
    return context.body(css, 200, { 'content-type': 'text/css; charset=utf-8' });
  });
};

/** Pages for people who are known. */
export const addPages = (web: Hono<Env>, console: Console): void => {
  web.get('/', async (context) => {
    const caller = context.get('caller');
    return context.html(overviewPage(caller.name, await seenTargets(console, caller)));
  });
};
