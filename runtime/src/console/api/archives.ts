import { createRoute, z } from '@hono/zod-openapi';
import { tiers } from '../../archives/layout.ts';
import { listSchema } from '../../commands/list/result.ts';
import { shownSchema } from '../../commands/show/result.ts';
import { archiveDetail, archivePage } from '../queries/archives.ts';
import { seenTarget } from '../queries/targets.ts';
import type { Console } from '../server/web.ts';
import { knownOf, knownShape } from './known.ts';
import { answer, archiveName, ofTarget, problems, type Api } from './routes.ts';

const archiveKey = z
  .string()
  .max(300)
  .regex(/^[a-z0-9][\w.-]*(\/[a-z0-9][\w.-]*)*$/);

const query = z.object({
  tier: z.enum([...tiers, 'unknown']).optional(),
  verified: z.enum(['true', 'false']).optional(),
  after: archiveKey.optional().openapi({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

const listRoute = createRoute({
  method: 'get',
  path: '/targets/{target}/archives',
  tags: ['archives'],
  summary: 'archives of a target in the primary store, newest first, as list --json says it',
  request: { params: ofTarget, query },
  responses: {
    ...answer(
      z.strictObject({
        ...knownShape,
        archives: listSchema,
        next: z.string().optional().describe('where the next page begins; absent on the last one'),
      }),
      'a page of archives; what does not count comes first, with the reason',
    ),
    ...problems,
  },
});

const copySchema = z.strictObject({
  store: z.string().describe('where the store is'),
  present: z.boolean().optional().describe('absent where the store could not be asked'),
  lockedUntil: z.string().optional().describe('until when Object Lock keeps it, or: legal hold'),
  problem: z.string().optional().describe('why the store could not be asked'),
});

const oneRoute = createRoute({
  method: 'get',
  path: '/targets/{target}/archives/{archive}',
  tags: ['archives'],
  summary: 'one archive: its manifest with every verification, as show --json says it, and its copies',
  request: { params: ofTarget.extend({ archive: archiveName }) },
  responses: {
    ...answer(
      z.strictObject({ ...shownSchema.shape, copies: z.array(copySchema).readonly() }),
      'the archive, read now',
    ),
    ...problems,
  },
});

export const addArchives = (api: Api, console: Console): void => {
  api.openapi(listRoute, async (context) => {
    const { target } = context.req.valid('param');
    const { verified, ...filter } = context.req.valid('query');
    const seen = await seenTarget(console, context.get('caller'), target);
    const wanted = { ...filter, verified: verified === undefined ? undefined : verified === 'true' };
    const page = archivePage(seen.target, console.app.stores.primary.location, wanted);
    return context.json({ ...knownOf(seen), ...page }, 200);
  });
  api.openapi(oneRoute, async (context) => {
    const { target, archive } = context.req.valid('param');
    const seen = await seenTarget(console, context.get('caller'), target);
    const { shown, copies } = await archiveDetail(console, seen.target, archive);
    return context.json({ ...shown, copies }, 200);
  });
};
