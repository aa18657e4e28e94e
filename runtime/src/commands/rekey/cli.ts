import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description: "rewrite what an old key made of archives, bases and log under the plan's first key",
  arguments: {
    target: { description: 'whose archives, bases and log', default: 'every target of the plan' },
  },
  flags: { dryRun: { description: 'show what would be rewritten and change nothing' } },
  examples: [
    ['--dry-run', 'what is under an old key'],
    ['', 'rewrite them, so that the old key can leave the plan'],
  ],
  exitCodes: ['store', 'damaged', 'locked'],
  schema: async () => (await import('./result.ts')).rekeySchema,
  text: async () => (await import('./text.ts')).renderRekeyed,
  run: async ({ target, dryRun }, tool) => {
    const [{ rekeyTargets }, { rekeyProblem }] = await Promise.all([
      import('./rekey.ts'),
      import('./summary.ts'),
    ]);
    const moved = await rekeyTargets(await (dryRun ? tool.look() : tool.open()), target, { dryRun });
    const problem = rekeyProblem(moved);
    return problem && moved.every(({ failed }) => failed) ? { problem } : { result: moved, problem };
  },
});
