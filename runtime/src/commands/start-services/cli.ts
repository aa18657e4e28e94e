import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Recovery',
  description: 'scale up the services that a killed restore left at 0',
  arguments: {},
  flags: {},
  examples: [['', 'give each stopped service its former replicas back']],
  exitCodes: ['store', 'restore', 'locked'],
  schema: async () => (await import('./result.ts')).startServicesSchema,
  text: async () => (await import('./text.ts')).renderStarted,
  run: async (_, tool) => {
    const { downProblem, startServices } = await import('../../services/start-services.ts');
    const result = await startServices(await tool.open());
    return { result, problem: downProblem(result.down) };
  },
});
