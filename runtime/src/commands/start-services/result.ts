import { z } from 'zod';
import { serviceStateSchema } from '../../services/service-state.ts';

/** What `start-services` did. */
export const startServicesSchema = z.strictObject({
  started: z.array(serviceStateSchema).readonly().describe('services that run again'),
  down: z.array(z.string()).readonly().describe('services that could not be started'),
});
