import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description: 'compare what the stores hold with what finished runs leave',
  arguments: {
    target: { description: 'what to check', default: 'every target, and what belongs to none' },
  },
  flags: {
    repair: { description: 'fix what is safe to fix' },
    undelete: {
      description:
        'with --repair: bring back archives that were deleted or overwritten in a versioned bucket',
    },
  },
  examples: [
    ['', 'what is wrong'],
    ['--repair', 'fix what is safe, and show the rest'],
  ],
  exitCodes: ['store', 'verification', 'locked'],
  schema: async () => (await import('./result.ts')).checkSchema,
  text: async () => (await import('./text.ts')).renderCheck,
  run: async ({ target, repair, undelete }, tool) => {
    const [{ check }, { checkProblem }] = await Promise.all([import('./check.ts'), import('./summary.ts')]);
    const result = await check(await (repair ? tool.open() : tool.look()), { target, repair, undelete });
    return { result, problem: checkProblem(result.findings) };
  },
});
