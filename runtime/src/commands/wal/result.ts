import { z } from 'zod';

const slotSchema = z.strictObject({
  name: z.string().describe('name on the server'),
  status: z
    .enum(['absent', 'idle', 'active', 'lost', 'unknown'])
    .describe(
      'active: a receiver follows it; lost: the server gave it up; unknown: the server does not answer',
    ),
  restart: z.string().optional().describe('oldest log that the server keeps for it'),
  safeBytes: z
    .int()
    .optional()
    .describe('log that may still be written before it is lost; absent where the server has no limit'),
  problem: z
    .string()
    .optional()
    .describe('why the server could not be asked, or that the slot is left without a plan for it'),
});

/** Log without a hole. */
const stretchSchema = z.strictObject({
  system: z.string().describe('system identifier of the server'),
  timeline: z.int().describe('timeline that it lies on'),
  from: z.string().describe('position of its first byte'),
  to: z.string().describe('position after its last byte'),
  objects: z.int().describe('pieces and segments that hold it'),
  firstAt: z.iso.datetime().describe("the server's clock when the first of them ended"),
  lastAt: z.iso.datetime().describe("the server's clock when the last of them ended"),
});

const gapSchema = z.strictObject({
  system: z.string().describe('system identifier of the server'),
  timeline: z.int().describe('timeline that it begins on'),
  from: z.string().describe('position of its first byte'),
  to: z.string().describe('position after its last byte'),
});

const statusSchema = z.strictObject({
  target: z.string().describe('name of the target'),
  store: z.string().describe('where the log is'),
  slot: slotSchema.describe('replication slot of the plan'),
  stretches: z.array(stretchSchema).readonly().describe('what is stored, by system, timeline and position'),
  gaps: z.array(gapSchema).readonly().describe('log that nobody has'),
});

const releaseSchema = z.strictObject({
  target: z.string().describe('name of the target'),
  slot: z.string().describe('name of the slot on the server'),
  before: z.enum(['absent', 'idle', 'active', 'lost']).describe('how it stood before'),
  released: z.boolean().describe('true: it was dropped; false: it was absent, or the answer was no'),
});

export const walSchema = z.union([
  statusSchema.meta({ title: 'wal status' }),
  releaseSchema.meta({ title: 'wal release' }),
]);

export type WalStatus = z.output<typeof statusSchema>;
export type Release = z.output<typeof releaseSchema>;
