import { z } from 'zod';

export const findingKinds = [
  'archive-without-manifest',
  'manifest-without-archive',
  'manifest-broken',
  'archive-foreign',
  'archive-future',
  'record-unproved',
  'size-mismatch',
  'part-missing',
  'part-mismatch',
  'latest-wrong',
  'copy-missing',
  'increment-without-base',
  'partial-uploads',
  'lock-stale',
  'archive-hidden',
  'versions-pile-up',
  'versions-unknown',
  'left-on-server',
  'slot-left',
  'log-foreign',
  'log-elsewhere',
  'log-unplanned',
  'log-of-other-system',
  'log-of-no-target',
  'log-hole',
  'log-gap',
  'log-record-broken',
  'log-index-broken',
  'log-history-missing',
] as const;

/** A finding, and what became of it. */
export const checkedSchema = z.strictObject({
  target: z.string().describe('empty for what belongs to no target'),
  store: z.string().describe('store, or address of the server'),
  kind: z.enum(findingKinds).describe('what it is'),
  key: z.string().describe('key in the store, or name on the server; empty for the store as a whole'),
  message: z.string().describe('what was found'),
  severity: z
    .enum(['problem', 'notice'])
    .describe(
      'notice: the next run fixes it, it may belong to a run that goes on, or no archive suffers from it',
    ),
  repairable: z.boolean().describe('true where --repair can fix it'),
  repaired: z.string().optional().describe('what --repair did'),
  failed: z.string().optional().describe('why --repair failed'),
});

export type Checked = z.output<typeof checkedSchema>;

export const checkSchema = z.strictObject({
  ok: z.boolean().describe('true: no problem remains'),
  problems: z.int().describe('problems that remain'),
  repaired: z.int().describe('findings that --repair fixed'),
  findings: z.array(checkedSchema).readonly().describe('what is not as a finished run leaves it'),
});

export type CheckReport = z.output<typeof checkSchema>;
