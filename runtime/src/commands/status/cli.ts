import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Monitoring',
  description: 'show each target against its objectives',
  arguments: {},
  flags: {},
  examples: [['', 'newest archive, age, last run, last verification and drill of each target']],
  exitCodes: ['store'],
  schema: async () => (await import('./result.ts')).statusSchema,
  text: async () => (await import('./text.ts')).renderStatus,
  run: async (_, tool) => {
    const { status } = await import('./status.ts');
    return { result: await status(await tool.look()) };
  },
});
