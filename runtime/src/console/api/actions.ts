import { createRoute, z } from '@hono/zod-openapi';
import { cronJobName, names } from '../../contract/names.ts';
import { act, type Action } from '../actions/act.ts';
import { rights } from '../auth/access.ts';
import { mostParts, planRestore } from '../queries/restore-plan.ts';
import { seenTarget } from '../queries/targets.ts';
import type { Console, WebContext } from '../server/web.ts';
import { knownOf, knownShape } from './known.ts';
import { answer, archiveName, ofTarget, problems, type Api } from './routes.ts';

const withKey = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\w-]{8,64}$/)
    .openapi({ description: 'the same key finds the Job that it started before, instead of another one' }),
});

const startedSchema = z.strictObject({
  job: z.string().describe('name of the Job'),
  created: z.boolean().describe('false: the same key started it before'),
  events: z.string().describe('where its progress is sent'),
});

const started = {
  202: {
    description: 'the Job was started in the name of the caller',
    content: { 'application/json': { schema: startedSchema } },
  },
};

const backupRoute = createRoute({
  method: 'post',
  path: '/targets/{target}/backups',
  tags: ['actions'],
  summary: 'back up a target now',
  responses: { ...started, ...problems },
  request: { params: ofTarget, headers: withKey },
});

const verificationRoute = createRoute({
  method: 'post',
  path: '/verifications',
  tags: ['actions'],
  summary: 'verify the archives of every target now',
  responses: { ...started, ...problems },
  request: { headers: withKey },
});

const drillRoute = createRoute({
  method: 'post',
  path: '/drills',
  tags: ['actions'],
  summary: 'restore the newest archive of every target into a scratch server now, and compare',
  responses: { ...started, ...problems },
  request: { headers: withKey },
});

const planRoute = createRoute({
  method: 'post',
  path: '/restores:plan',
  tags: ['actions'],
  summary: 'what a restore would do, and the commands that a person runs; nothing is started',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              target: ofTarget.shape.target,
              archive: archiveName.optional().describe('file name; the newest where it is absent'),
              instant: z.iso.datetime().optional().describe('an instant of the log instead of an archive'),
              only: z
                .array(z.string().min(1).max(300))
                .max(mostParts)
                .optional()
                .describe('parts; all where it is absent'),
            })
            .refine(({ archive, instant }) => archive === undefined || instant === undefined, {
              error: 'expected an archive or an instant, not both',
            })
            .openapi({ not: { required: ['archive', 'instant'] } }),
        },
      },
    },
  },
  responses: {
    ...answer(
      z.strictObject({
        ...knownShape,
        target: z.string().describe('name of the target'),
        archive: z.string().optional().describe('key of the archive; absent for an instant'),
        instant: z.string().optional().describe('the instant; absent for an archive'),
        takenAt: z.string().describe('instant that the data is of'),
        archiveBytes: z.int().optional().describe('size of the archive'),
        sourceBytes: z.int().optional().describe('bytes that were read from the database'),
        verifiedAt: z.string().optional().describe('absent where the archive was never verified'),
        effect: z.string().describe('what happens to the live data'),
        wayBack: z.string().describe('what brings the replaced data back'),
        estimatedSeconds: z.int().optional().describe('by the last drill; absent where none measured it'),
        rtoSeconds: z.number().describe('recovery time objective'),
        commands: z
          .array(z.strictObject({ what: z.string(), command: z.string() }))
          .readonly()
          .describe('in the order in which they are run'),
      }),
      'the plan',
    ),
    ...problems,
  },
});

const start = async (console: Console, context: WebContext, action: Action, key: string) => {
  const { job, created } = await act(console, context.get('caller'), action, key);
  return { job, created, events: `/api/v1/jobs/${job}/events` };
};

export const addActions = (api: Api, console: Console): void => {
  api.openapi(backupRoute, async (context) => {
    const { target } = context.req.valid('param');
    const { 'idempotency-key': key } = context.req.valid('header');
    await seenTarget(console, context.get('caller'), target);
    const action = { what: 'backup', target, cronJob: cronJobName(target), right: rights.target(target) };
    return context.json(await start(console, context, action, key), 202);
  });
  api.openapi(verificationRoute, async (context) => {
    const { 'idempotency-key': key } = context.req.valid('header');
    const action = { what: 'verify', cronJob: names.verification, right: rights.verification };
    return context.json(await start(console, context, action, key), 202);
  });
  api.openapi(drillRoute, async (context) => {
    const { 'idempotency-key': key } = context.req.valid('header');
    const action = { what: 'drill', cronJob: names.drill, right: rights.drill };
    return context.json(await start(console, context, action, key), 202);
  });
  api.openapi(planRoute, async (context) => {
    const { target, ...wish } = context.req.valid('json');
    const seen = await seenTarget(console, context.get('caller'), target);
    const plan = planRestore(seen.target, console.namespace, console.app.plan.environment, wish);
    return context.json({ ...knownOf(seen), ...plan }, 200);
  });
};
