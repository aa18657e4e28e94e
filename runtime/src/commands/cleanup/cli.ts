import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Recovery',
  description: "remove from a target's server what killed restores left there",
  arguments: { target: { description: 'whose server' } },
  flags: {
    kept: { description: 'also what restores replaced, and kept for their undo' },
    dryRun: { description: 'show what is there and change nothing' },
    force: { description: 'do not ask' },
  },
  examples: [
    ['postgresql --dry-run', 'what restores left on the server'],
    ['postgresql --kept', 'remove it, with the data that restores replaced'],
  ],
  exitCodes: ['source', 'store', 'restore', 'locked'],
  schema: async () => (await import('./result.ts')).cleanupSchema,
  text: async () => (await import('./text.ts')).renderCleanup,
  run: async ({ target, kept, dryRun, force }, tool) => {
    const [{ cleanup }, { cleanupProblem }] = await Promise.all([
      import('./cleanup.ts'),
      import('./summary.ts'),
    ]);
    const confirm = async (list: string) => force || tool.ask(list, target, 'remove it');
    const result = await cleanup(await tool.open(), target, { kept, dryRun, confirm });
    return { result, problem: cleanupProblem(result) };
  },
});
