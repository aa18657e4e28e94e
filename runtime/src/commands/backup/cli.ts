import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'dump a database into the stores',
  arguments: { target: { description: 'what to back up' } },
  flags: {
    hourly: {
      description:
        'an archive between those by the schedule, kept for hours; where one by the schedule is missing, it takes its place',
    },
  },
  examples: [
    ['postgresql', 'dump, commit, copy to the replicas, and prune'],
    ['influxdb --hourly', 'the same between the nights: what has changed is stored, and kept for two days'],
  ],
  exitCodes: ['source', 'dump', 'store', 'damaged', 'locked'],
  schema: async () => (await import('./result.ts')).backupSchema,
  text: async () => (await import('./text.ts')).renderBackup,
  run: async ({ target, hourly }, tool) => {
    const app = await tool.open();
    const { newSealKeys } = await import('../../archives/seal-keys.ts');
    const newKeys = newSealKeys(app); // on another processor, while this one loads the rest
    const [{ backup }, { becomeBatch }] = await Promise.all([
      import('./backup.ts'),
      import('../../core/process.ts'),
    ]);
    const [result] = await Promise.all([
      backup(app, target, { hourly: hourly === true, newKeys }),
      becomeBatch(app.run),
    ]);
    return { result };
  },
});
