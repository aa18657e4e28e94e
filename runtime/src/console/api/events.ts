import { setTimeout as sleep } from 'node:timers/promises';
import { createRoute, z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { BackupError } from '../../core/errors.ts';
import { progressOf, type JobProgress } from '../actions/progress.ts';
import { problemOf } from '../server/problem.ts';
import type { Console } from '../server/web.ts';
import { problems, type Api } from './routes.ts';

/** Between two looks at a Job. @default 2 s - its log says more only every ten */
const pauseMs = 2_000;

/** Longest that one stream lasts: the browser comes again, and is asked again who it is. @default 10 min */
const longestMs = 600_000;

/** Streams that one person has open at the same time: each asks the API server again and again. */
const mostStreams = 4;

const jobName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
  .openapi({ param: { name: 'job', in: 'path' } });

/** What one event of the stream has. */
const eventSchema = z.strictObject({
  event: z.enum(['progress', 'problem']),
  data: z.string().describe('JSON: state, stage, bytes, bytesPerSecond, leftSeconds; or a Problem'),
});

const route = createRoute({
  method: 'get',
  path: '/jobs/{job}/events',
  tags: ['actions'],
  summary: 'progress of a Job as server-sent events, until it ends: state, stage, bytes, rate, time left',
  request: { params: z.object({ job: jobName }) },
  responses: {
    200: {
      description: 'events `progress`, the last of which says succeeded or failed',
      content: { 'text/event-stream': { schema: eventSchema } },
    },
    ...problems,
  },
});

const isOver = ({ state }: JobProgress): boolean => state === 'succeeded' || state === 'failed';

export const addEvents = (api: Api, { cluster, app }: Console): void => {
  const open = new Map<string, number>();
  const count = (name: string, by: number): number => {
    const now = (open.get(name) ?? 0) + by;
    if (now > 0) open.set(name, now);
    else open.delete(name);
    return now;
  };
  api.openapi(route, async (context) => {
    const caller = context.get('caller');
    const { job } = context.req.valid('param');
    if ((open.get(caller.name) ?? 0) >= mostStreams)
      throw new BackupError('access.limited', `at most ${mostStreams} streams at the same time`);
    const first = await progressOf(cluster, caller, job);
    count(caller.name, 1);
    return streamSSE(context, async (stream) => {
      const until = performance.now() + longestMs;
      try {
        for (let progress = first; ; progress = await progressOf(cluster, caller, job)) {
          await stream.writeSSE({ event: 'progress', data: JSON.stringify(progress) });
          if (isOver(progress) || stream.aborted || app.run.signal.aborted || performance.now() > until)
            return;
          await sleep(pauseMs, undefined, { signal: app.run.signal }).catch(() => {});
        }
      } catch (error) {
        await stream.writeSSE({ event: 'problem', data: JSON.stringify(problemOf(error)) });
      } finally {
        count(caller.name, -1);
      }
    });
  });
};
