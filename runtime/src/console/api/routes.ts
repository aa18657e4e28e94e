import { z, type OpenAPIHono } from '@hono/zod-openapi';
import { problemSchema } from '../server/problem.ts';
import type { Env } from '../server/web.ts';

export type Api = OpenAPIHono<Env>;

/** Name of a target, as plans allow it. */
const targetName = z
  .string()
  .max(52)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
  .openapi({
    param: { name: 'target', in: 'path' },
    description: 'name of the target',
    example: 'postgresql',
  });

/** Name of an archive's file: no path. */
export const archiveName = z
  .string()
  .max(200)
  .regex(/^[a-z0-9][\w.-]*$/);

export const ofTarget = z.object({ target: targetName });

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

/** Answers that every request can get instead of its own. */
export const problems = {
  400: problem('the request is not valid'),
  401: problem('nobody is known by the token'),
  403: problem('RBAC does not allow it'),
  404: problem('there is none of this name'),
  409: problem('what was asked for is not as it would have to be'),
  429: problem('too many requests'),
  502: problem('the API server of the cluster did not answer as it should'),
  503: problem('the store was not read yet'),
} as const;

/** Own answer of a request that succeeds. */
export const answer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  200: { description, content: { 'application/json': { schema } } },
});
