import { LocalWorkspace } from '@pulumi/pulumi/automation/index.js';
import program from './program.ts';

// The same program without a Pulumi.yaml, by the Automation API: `node deploy.ts preview`, or `up`. The configuration comes
// from environment orders/backups-live of Pulumi ESC, which holds the passphrase and opens AWS for an hour by OIDC.

const action = process.argv[2] === 'up' ? 'up' : 'preview';
const stack = await LocalWorkspace.createOrSelectStack({
  stackName: 'live',
  projectName: 'orders-backups',
  program: async () => program(),
});
await stack.addEnvironments('orders/backups-live');
await stack[action]({ refresh: true, onOutput: (text) => process.stdout.write(text) });
