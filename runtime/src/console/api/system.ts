import { createRoute, z } from '@hono/zod-openapi';
import { shownEntrySchema } from '../../commands/audit/result.ts';
import { checkedSchema } from '../../commands/check/result.ts';
import { rights } from '../auth/access.ts';
import { auditPage } from '../queries/audit.ts';
import { findingsOf } from '../queries/findings.ts';
import { shownPlan } from '../queries/plan.ts';
import { shownStore } from '../queries/stores.ts';
import { seenTargets } from '../queries/targets.ts';
import type { Console } from '../server/web.ts';
import { knownOf, knownShape } from './known.ts';
import { answer, problems, type Api } from './routes.ts';

const findingsRoute = createRoute({
  method: 'get',
  path: '/findings',
  tags: ['system'],
  summary: 'what the stores show that finished runs do not leave, in the words of check --json',
  responses: {
    ...answer(
      z.strictObject({ ...knownShape, findings: z.array(checkedSchema).readonly() }),
      'of the targets that the caller may see; only check itself compares file with file',
    ),
    ...problems,
  },
});

const storeSchema = z.strictObject({
  store: z.string().describe('where the store is'),
  up: z.boolean().describe('false: it could not be read'),
  archiveBytes: z.int().optional().describe('size of all archives'),
  freeBytes: z.number().optional().describe('absent where the store has no limit'),
  totalBytes: z.number().optional().describe('absent where the store has no limit'),
  fullSeconds: z.number().optional().describe('until it is full; absent beyond the forecast of 90 days'),
});

const forecastsRoute = createRoute({
  method: 'get',
  path: '/forecasts',
  tags: ['system'],
  summary: 'what is unusual about the newest archives, what is likely to be missed, and when stores are full',
  responses: {
    ...answer(
      z.strictObject({
        ...knownShape,
        stores: z.array(storeSchema).readonly(),
        anomalies: z
          .array(z.strictObject({ target: z.string(), says: z.array(z.string()).readonly() }))
          .readonly()
          .describe('targets with anomalies, a sentence for each'),
      }),
      'forecasts',
    ),
    ...problems,
  },
});

const auditRoute = createRoute({
  method: 'get',
  path: '/audit',
  tags: ['system'],
  summary: 'the audit trail, newest first, each entry proved, as audit show --json says it',
  request: {
    query: z.object({
      before: z.coerce.number().int().min(1).max(9_999_999_999).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    ...answer(
      z.strictObject({
        entries: z.array(shownEntrySchema).readonly(),
        problems: z.array(z.strictObject({ entry: z.string(), message: z.string() })).readonly(),
        next: z.int().optional().describe('`before` of the next page; absent on the last one'),
      }),
      'a page of the trail; audit verify looks at the whole of it',
    ),
    ...problems,
  },
});

const planRoute = createRoute({
  method: 'get',
  path: '/plan',
  tags: ['system'],
  summary: 'the plan, which names Secrets and holds none',
  responses: {
    ...answer(z.looseObject({ environment: z.string() }), 'docs/reference/configuration.md has each field'),
    ...problems,
  },
});

export const addSystem = (api: Api, console: Console): void => {
  const { app, access } = console;
  api.openapi(findingsRoute, async (context) => {
    const seen = await seenTargets(console, context.get('caller'));
    return context.json({ ...knownOf(seen), findings: findingsOf(seen.state, seen.targets) }, 200);
  });
  api.openapi(forecastsRoute, async (context) => {
    await access.demand(context.get('caller'), rights.whole);
    const seen = await seenTargets(console, context.get('caller'));
    const anomalies = seen.targets
      .filter((state) => state.anomalies.length > 0)
      .map((state) => ({ target: state.target.name, says: state.anomalies }));
    return context.json({ ...knownOf(seen), stores: seen.state.stores.map(shownStore), anomalies }, 200);
  });
  api.openapi(auditRoute, async (context) => {
    await access.demand(context.get('caller'), rights.whole);
    const { limit, before } = context.req.valid('query');
    return context.json(await auditPage(app, limit, before), 200);
  });
  api.openapi(planRoute, async (context) => {
    await access.demand(context.get('caller'), rights.whole);
    return context.json(shownPlan(app.plan) as { environment: string }, 200);
  });
};
