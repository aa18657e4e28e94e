import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono, HonoRequest } from 'hono';
import { rights } from '../auth/access.ts';
import type { Caller } from '../auth/caller.ts';
import { archiveDetail } from '../queries/archives.ts';
import { auditPage } from '../queries/audit.ts';
import { planRestore, type RestoreWish } from '../queries/restore-plan.ts';
import { seenTarget, seenTargets, type Seen } from '../queries/targets.ts';
import type { Console, Env } from '../server/web.ts';
import { aboutPage } from './about.ts';
import { archivePage } from './archive.ts';
import { auditTrailPage } from './audit.ts';
import { chosenBy } from './chosen.ts';
import { drillsPage } from './drills.ts';
import { forecastsPage } from './forecasts.ts';
import type { Markup } from './layout.ts';
import { overviewPage } from './overview.ts';
import { restorePage } from './restore.ts';
import { runsPage } from './runs.ts';
import { targetPage } from './target.ts';

const assets = { 'console.css': 'text/css', 'console.js': 'text/javascript' };

/** Entries of the audit trail on a page. */
const entriesOnPage = 50;

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

type Make = (caller: Caller, request: HonoRequest) => Promise<Markup>;

const targetPages = (console: Console): Readonly<Record<string, Make>> => {
  const seen = (caller: Caller, request: HonoRequest) =>
    seenTarget(console, caller, request.param('target') ?? '');
  return {
    '/targets/:target': async (caller, request) => targetPage(caller.name, await seen(caller, request)),
    '/targets/:target/archives/:archive': async (caller, request) => {
      const { target } = await seen(caller, request);
      return archivePage(caller.name, await archiveDetail(console, target, request.param('archive') ?? ''));
    },
    '/targets/:target/restore': async (caller, request) => {
      const known = await seen(caller, request);
      const { namespace, app } = console;
      const plan = (wish: RestoreWish) => planRestore(known.target, namespace, app.plan.environment, wish);
      return restorePage(caller.name, known, chosenBy(request.query(), plan));
    },
    '/targets/:target/runs': async (caller, request) => {
      const { target } = await seen(caller, request);
      const { name } = target.target;
      return runsPage(caller.name, name, await console.runs(name));
    },
  };
};

/** Of the targets that somebody may see. */
const pagesOfAll: Readonly<Record<string, (caller: string, seen: Seen) => Markup>> = {
  '/': overviewPage,
  '/drills': drillsPage,
};

/** Of the whole system: for people who may see all of it. */
const systemPages = (console: Console): Readonly<Record<string, Make>> => ({
  '/forecasts': async (caller) => forecastsPage(caller.name, await seenTargets(console, caller)),
  '/about': async (caller) => aboutPage(caller.name, console.app.plan, await console.keeper.look()),
  '/audit': async (caller, request) => {
    const before = Number(request.query('before'));
    const page = await auditPage(
      console.app,
      entriesOnPage,
      Number.isSafeInteger(before) && before > 0 ? before : undefined,
    );
    return auditTrailPage(caller.name, page);
  },
});

/** Pages for people who are known. */
export const addPages = (web: Hono<Env>, console: Console): void => {
  const add = (path: string, make: Make) =>
    web.get(path, async (context) => context.html(await make(context.get('caller'), context.req)));
  for (const [path, page] of Object.entries(pagesOfAll))
    add(path, async (caller) => page(caller.name, await seenTargets(console, caller)));
  for (const [path, make] of Object.entries(targetPages(console))) add(path, make);
  for (const [path, make] of Object.entries(systemPages(console)))
    add(path, async (caller, request) => {
      await console.access.demand(caller, rights.whole);
      return make(caller, request);
    });
};
