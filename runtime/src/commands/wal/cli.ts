import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description: 'look at the stored log of a database, or give up its replication slot',
  arguments: {
    action: {
      description: 'status: what is stored, and how the slot stands; release: drop the slot on the server',
      choices: ['status', 'release'],
    },
    target: { description: 'whose log' },
  },
  flags: { force: { description: 'with release: do not ask' } },
  examples: [
    ['status postgresql', 'from when to when the log is stored, with its gaps'],
    ['release postgresql', 'let the server remove log that no receiver takes any more'],
  ],
  exitCodes: ['source', 'store', 'restore', 'locked'],
  schema: async () => (await import('./result.ts')).walSchema,
  text: async () => (await import('./text.ts')).renderWal,
  run: async ({ action, target, force }, tool) => {
    const { release, walStatus } = await import('./wal.ts');
    if (action === 'status') return { result: await walStatus(await tool.look(), target) };
    const confirm = async (text: string) => force || tool.ask(text, target, 'drop it');
    return { result: await release(await tool.open(), target, confirm) };
  },
});
