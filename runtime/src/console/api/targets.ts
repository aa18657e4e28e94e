import { createRoute, z } from '@hono/zod-openapi';
import { statusOf } from '../../commands/status/status.ts';
import { statusSchema, targetStatusSchema } from '../../commands/status/result.ts';
import { seenTarget, seenTargets } from '../queries/targets.ts';
import type { Console } from '../server/web.ts';
import { knownOf, knownShape } from './known.ts';
import { answer, ofTarget, problems, type Api } from './routes.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/targets',
  tags: ['targets'],
  summary: 'how every target stands against its objectives, as status --json says it',
  responses: {
    ...answer(z.strictObject({ ...knownShape, targets: statusSchema }), 'targets that the caller may see'),
    ...problems,
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/targets/{target}',
  tags: ['targets'],
  summary: 'how one target stands',
  request: { params: ofTarget },
  responses: {
    ...answer(z.strictObject({ ...knownShape, target: targetStatusSchema }), 'the target'),
    ...problems,
  },
});

export const addTargets = (api: Api, console: Console): void => {
  api.openapi(listRoute, async (context) => {
    const seen = await seenTargets(console, context.get('caller'));
    return context.json({ ...knownOf(seen), targets: seen.targets.map(statusOf) }, 200);
  });
  api.openapi(oneRoute, async (context) => {
    const seen = await seenTarget(console, context.get('caller'), context.req.valid('param').target);
    return context.json({ ...knownOf(seen), target: statusOf(seen.target) }, 200);
  });
};
