import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';
import { baseManifestSchema } from '../../wal/base-manifest.ts';

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

const receptionSchema = z.strictObject({
  startedAt: z.iso.datetime().describe('when the receiver started'),
  host: z.string().describe('where it ran'),
  endedAt: z.iso.datetime().optional().describe('absent: it runs, or was killed'),
  ended: z.string().optional().describe('why it ended'),
  pieces: z.int().describe('pieces that it stored, when it last wrote this'),
  events: z
    .array(z.strictObject({ at: z.iso.datetime().describe('when'), what: z.string().describe('what') }))
    .readonly()
    .describe('slots, gaps, timelines, lost connections, and whom it took over from'),
});

const { id, base } = baseManifestSchema.shape;
const { kind, incrementOf } = base.shape;

const storedBaseSchema = z.strictObject({
  archive: z.string().describe('key of the base'),
  store: z.string().describe('where it is read from'),
  id: id.describe('its id'),
  kind,
  incrementOf: incrementOf.describe('id of the base that an increment goes on from'),
  finishedAt: z.iso.datetime().describe('when it was whole: instants from then on are recovered from it'),
  archiveBytes: resultFields.archiveBytes,
});

const statusSchema = z.strictObject({
  target: z.string().describe('name of the target'),
  store: z.string().describe('where the log is'),
  slot: slotSchema.describe('replication slot of the plan'),
  stretches: z.array(stretchSchema).readonly().describe('what is stored, by system, timeline and position'),
  gaps: z.array(gapSchema).readonly().describe('log that nobody has'),
  bases: z.array(storedBaseSchema).readonly().describe('bases that a recovery can begin with, oldest first'),
  receptions: z
    .array(receptionSchema)
    .readonly()
    .describe('the last ten lives of the receiver, oldest first, of those that prove themselves'),
});

const releaseSchema = z.strictObject({
  target: z.string().describe('name of the target'),
  slot: z.string().describe('name of the slot on the server'),
  before: z.enum(['absent', 'idle', 'active', 'lost']).describe('how it stood before'),
  released: z.boolean().describe('true: it was dropped; false: it was absent, or the answer was no'),
});

const changeSchema = z.strictObject({
  what: z
    .string()
    .describe(
      'deleted, updated, inserted, dropped, truncated, truncated or rewrote, dropped or emptied, created, altered, changed',
    ),
  rows: z.int().optional().describe('how many, of changes of rows'),
  relation: z.string().optional().describe('by its name where that is known, else by its number'),
});

const transactionSchema = z.strictObject({
  id: z.string().describe('its number'),
  at: z.iso.datetime().describe('when it was committed'),
  position: z.string().describe('of its commit in the log'),
  did: z.array(changeSchema).readonly().describe('what it did, the gravest first'),
  isWhole: z.boolean().describe('false: it may have begun before what was searched, and have done more'),
  restore: z.string().describe('command that restores the instant just before it'),
});

const searchedSchema = z.strictObject({
  base: z.string().describe('key of the base from which this log goes on'),
  to: z.string().describe('position where the log ends without a hole'),
  until: z.iso.datetime().describe('nothing before it was committed later'),
  hole: z
    .strictObject({ from: z.string().describe('first byte'), to: z.string().describe('byte after the last') })
    .optional()
    .describe('log that is missing behind it'),
});

const foundSchema = z.strictObject({
  target: z.string().describe('name of the target'),
  from: z.iso.datetime().describe('commits from then on were looked at'),
  to: z.iso.datetime().describe('commits up to then'),
  searched: z.array(searchedSchema).readonly().describe('log that was read'),
  transactions: z
    .array(transactionSchema)
    .readonly()
    .describe('what matches, oldest first; of more than 1000 the newest'),
  omitted: z.int().describe('how many older ones match besides'),
  notes: z.array(z.string()).readonly().describe('where names come from'),
});

export const walSchema = z.union([
  foundSchema.meta({ title: 'wal find' }),
  statusSchema.meta({ title: 'wal status' }),
  releaseSchema.meta({ title: 'wal release' }),
]);

export type WalStatus = z.output<typeof statusSchema>;
export type Release = z.output<typeof releaseSchema>;
export type Found = z.output<typeof foundSchema>;
