import { z } from 'zod';

/** A DNS name or IP address. */
export const host = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, { error: 'expected a host name or IP address' });

export const port = z.int().min(1).max(65_535);
