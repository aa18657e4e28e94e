import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'show the archives in every store',
  arguments: { target: { description: 'whose archives', default: 'every target of the plan' } },
  flags: {},
  examples: [
    ['', 'every archive, oldest first'],
    ['postgresql --json', 'the archives of one target, for a program'],
  ],
  exitCodes: ['store'],
  schema: async () => (await import('./result.ts')).listSchema,
  text: async () => (await import('./text.ts')).renderList,
  run: async ({ target }, tool) => {
    const { list } = await import('./list.ts');
    return { result: await list(await tool.look(), target) };
  },
});
