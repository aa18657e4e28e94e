import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'dump a database into the stores',
  arguments: { target: { description: 'what to back up' } },
  flags: {},
  examples: [['postgresql', 'dump, commit, copy to the replicas, and prune']],
  exitCodes: ['source', 'dump', 'store', 'damaged', 'locked'],
  schema: async () => (await import('./result.ts')).backupSchema,
  text: async () => (await import('./text.ts')).renderBackup,
  run: async ({ target }, tool) => {
    const [{ backup }, { becomeBatch }] = await Promise.all([
      import('./backup.ts'),
      import('../../core/process.ts'),
    ]);
    const app = await tool.open();
    const [result] = await Promise.all([backup(app, target), becomeBatch(app.run)]);
    return { result };
  },
});
