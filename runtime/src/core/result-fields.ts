import { z } from 'zod';

/** Fields that the results of several commands have. */
export const resultFields = {
  target: z.string().describe('name of the target'),
  environment: z.string().describe('environment of the plan'),
  store: z.string().describe('where the store is: a folder, or s3://bucket/prefix'),
  archive: z.string().describe('key of the archive in the store'),
  sourceBytes: z.int().describe('bytes that were read from the database'),
  archiveBytes: z.int().describe('size of the archive'),
  rtoSeconds: z.number().describe('recovery time objective of the target'),
  dryRun: z.boolean().describe('true: nothing was changed'),
} as const;
