import { createRoute, z } from '@hono/zod-openapi';
import { instantsSchema } from '../../commands/status/result.ts';
import { present } from '../../core/present.ts';
import { runSchema } from '../../runs/records.ts';
import { recoveryWindow } from '../queries/window.ts';
import { seenTarget } from '../queries/targets.ts';
import type { Console } from '../server/web.ts';
import { knownOf, knownShape } from './known.ts';
import { answer, ofTarget, problems, type Api } from './routes.ts';

const windowRoute = createRoute({
  method: 'get',
  path: '/targets/{target}/window',
  tags: ['targets'],
  summary: 'which instants of the past can be restored, and the gaps between them',
  request: { params: ofTarget },
  responses: {
    ...answer(
      z.strictObject({
        ...knownShape,
        windows: z.array(instantsSchema).readonly().describe('any instant within one; oldest first'),
        gaps: z.array(instantsSchema).readonly().describe('between two windows: only points can be restored'),
        points: z.array(z.iso.datetime()).readonly().describe('starts of backups, oldest first'),
      }),
      'windows, gaps and points',
    ),
    ...problems,
  },
});

const runs = z.array(runSchema).readonly();

const runsRoute = createRoute({
  method: 'get',
  path: '/targets/{target}/runs',
  tags: ['runs'],
  summary: 'records of the runs of a target that count, newest first',
  request: { params: ofTarget },
  responses: { ...answer(z.strictObject({ runs }), 'the newest 100'), ...problems },
});

const drillSchema = z.strictObject({
  at: z.iso.datetime().describe('when it ended'),
  ok: z.boolean().describe('true: restored and found equal'),
  seconds: z.number().optional().describe('duration of the restore; absent where it failed'),
});

const drillsRoute = createRoute({
  method: 'get',
  path: '/targets/{target}/drills',
  tags: ['runs'],
  summary: 'drills of a target, and the records that prove them',
  request: { params: ofTarget },
  responses: {
    ...answer(
      z.strictObject({
        ...knownShape,
        last: drillSchema.optional().describe('the latest, also one that could not run'),
        lastGood: drillSchema.optional().describe('the latest that succeeded'),
        measuredSeconds: z.number().optional().describe('duration of the latest that measured it'),
        withinRto: z.boolean().optional().describe('absent where there was no drill'),
        evidence: runs.describe('records of drills, signed by the plan, newest first'),
      }),
      'what drills found',
    ),
    ...problems,
  },
});

export const addHistory = (api: Api, console: Console): void => {
  api.openapi(windowRoute, async (context) => {
    const seen = await seenTarget(console, context.get('caller'), context.req.valid('param').target);
    return context.json({ ...knownOf(seen), ...recoveryWindow(seen.target) }, 200);
  });
  api.openapi(runsRoute, async (context) => {
    const { target } = context.req.valid('param');
    await seenTarget(console, context.get('caller'), target);
    return context.json({ runs: await console.runs(target) }, 200);
  });
  api.openapi(drillsRoute, async (context) => {
    const seen = await seenTarget(console, context.get('caller'), context.req.valid('param').target);
    const { drills, withinRto, drillRuns } = seen.target;
    return context.json({ ...knownOf(seen), ...present({ ...drills, withinRto }), evidence: drillRuns }, 200);
  });
};
