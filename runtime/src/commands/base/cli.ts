import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'copy a whole server into the stores, from which its log is replayed',
  arguments: { target: { description: 'what to copy; its plan has pointInTime' } },
  flags: {},
  examples: [
    ['postgresql', 'take a base, compare it with the list of its files, commit, copy to the replicas'],
  ],
  exitCodes: ['source', 'dump', 'store', 'damaged', 'locked'],
  schema: async () => (await import('./result.ts')).baseSchema,
  text: async () => (await import('./text.ts')).renderBase,
  run: async ({ target }, tool) => {
    const [{ takeBase }, { becomeBatch }] = await Promise.all([
      import('./base.ts'),
      import('../../core/process.ts'),
    ]);
    const app = await tool.open();
    const [result] = await Promise.all([takeBase(app, target), becomeBatch(app.run)]);
    return { result };
  },
});
