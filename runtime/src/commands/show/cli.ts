import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'show everything about an archive',
  arguments: {
    target: { description: 'whose archive' },
    archive: { description: 'name, path or s3:// address', default: 'the newest archive' },
  },
  flags: {},
  examples: [['postgresql', 'the newest archive: origin, size, verifications, what it holds']],
  exitCodes: ['store', 'damaged'],
  schema: async () => (await import('./result.ts')).shownSchema,
  text: async () => (await import('./text.ts')).renderShown,
  run: async ({ target, archive }, tool) => {
    const { show } = await import('./show.ts');
    return { result: await show(await tool.look(), target, archive) };
  },
});
