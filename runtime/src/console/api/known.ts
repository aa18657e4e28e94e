import { z } from '@hono/zod-openapi';
import type { Knowledge } from '../state/keeper.ts';

/** How old an answer's knowledge is: every answer about the stores says it. */
export const knownShape = {
  asOf: z.iso.datetime().describe('when the stores were read; all of the answer is as of then'),
  ageSeconds: z.int().describe('time since then'),
  problem: z
    .string()
    .optional()
    .describe(
      'why a newer reading failed: what is answered is older than it should be; absent where none did',
    ),
} as const;

export const knownOf = ({ state, ageSeconds, problem }: Knowledge) => ({
  asOf: state.at.toISOString(),
  ageSeconds,
  ...(problem !== undefined && { problem }),
});
