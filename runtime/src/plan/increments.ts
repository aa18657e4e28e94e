import { z } from 'zod';
import { engines } from '../engines/registry.ts';
import { spreadableCron } from './cron.ts';

/** Backups between those by the schedule. */
export const increments = z.strictObject({
  /** When they run. @default H * * * * - hourly, each target at a minute of its own */
  schedule: spreadableCron.default('H * * * *'),
});

/** What of a target decides. */
export const draftOfIncrements = z.object({
  engine: z.string(),
  parts: z.union([z.boolean(), z.literal('auto')]).optional(),
  increments: z.union([z.literal(false), increments]).optional(),
});

type Draft = z.output<typeof draftOfIncrements>;

/** Where the plan asks for parts of a database that says itself what did not change, a backup is cheap enough for every hour. */
export const incrementsOf = ({ engine, parts, increments: given }: Draft): Draft['increments'] =>
  given ?? (parts === true && engines[engine]?.parts?.isProved ? increments.parse({}) : undefined);
