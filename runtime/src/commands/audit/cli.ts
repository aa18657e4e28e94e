import { defineCommand } from '../../cli/command.ts';

export const command = defineCommand({
  group: 'Monitoring',
  description: 'read the audit trail',
  arguments: {
    action: {
      description: 'show: who did what; verify: prove that the trail is complete',
      choices: ['show', 'verify'],
    },
  },
  flags: {},
  examples: [
    ['show', 'the newest 50 entries; with --json all'],
    ['verify', 'name every entry that is altered, missing or out of place'],
  ],
  exitCodes: ['store', 'verification'],
  schema: async () => (await import('./result.ts')).auditSchema,
  text: async () => (await import('./text.ts')).renderAudit,
  run: async ({ action }, tool) => {
    const { proveAudit, showAudit } = await import('./audit.ts');
    const app = await tool.look();
    return action === 'show' ? showAudit(app) : proveAudit(app);
  },
});
