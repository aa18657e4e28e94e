import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Monitoring',
  description: 'write keys that prove archives and decrypt none, for the console',
  arguments: { file: { description: 'where they go; the folder must be there' } },
  flags: {},
  examples: [['/secrets/backup-verification-keys/keys.json', 'what the first container of the console does']],
  exitCodes: [],
  run: async ({ file }, tool) => {
    const { writeVerificationKeys } = await import('./verification-keys.ts');
    await writeVerificationKeys(await tool.open(), file);
    return {};
  },
});
