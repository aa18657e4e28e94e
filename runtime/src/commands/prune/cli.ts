import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Care of the stores',
  description: 'remove archives, bases and log that retention no longer keeps',
  arguments: { target: { description: 'whose archives and log', default: 'every target of the plan' } },
  flags: {
    dryRun: { description: 'show the decisions and change nothing' },
    force: {
      description: 'also while backups, bases or drills fail, and more than the plan removes at once',
    },
  },
  examples: [['--dry-run', 'what would be removed, and why the rest is kept']],
  exitCodes: ['store', 'locked'],
  schema: async () => (await import('./result.ts')).pruneSchema,
  text: async () => (await import('./text.ts')).renderPruned,
  run: async ({ target, dryRun, force }, tool) => {
    const { pruneTargets } = await import('./prune.ts');
    const app = await (dryRun ? tool.look() : tool.open());
    return { result: await pruneTargets(app, target, { dryRun, force }) };
  },
});
