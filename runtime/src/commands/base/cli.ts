import { defineCommand } from '../../cli/command.ts';
import { baseOrigins } from '../../contract/base-origins.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'copy a whole server into the stores, from which its log is replayed',
  arguments: { target: { description: 'what to copy; its plan has pointInTime' } },
  flags: {
    from: {
      value: 'source',
      description:
        'server: a copy of all of it; log: the base before, rolled forward by its log in a scratch server of this job, which the server does not notice',
      choices: baseOrigins,
      default: { words: 'as the plan says', why: 'so that a run by hand does what the CronJob does' },
    },
  },
  examples: [
    ['postgresql', 'take a base, compare it with the list of its files, commit, copy to the replicas'],
    ['postgresql --from log', 'the same without the server: replay the log, prove every block, commit'],
  ],
  exitCodes: ['source', 'dump', 'store', 'damaged', 'locked'],
  schema: async () => (await import('./result.ts')).baseSchema,
  text: async () => (await import('./text.ts')).renderBase,
  run: async ({ target, from }, tool) => {
    const [{ takeBase }, { becomeBatch }] = await Promise.all([
      import('./base.ts'),
      import('../../core/process.ts'),
    ]);
    const app = await tool.open();
    const [result] = await Promise.all([takeBase(app, target, from), becomeBatch(app.run)]);
    return { result };
  },
});
