import { defineCommand } from '../../cli/command.ts';
import { port } from '../../cli/option-parsers.ts';
import { receiverPort } from '../../contract/metrics.ts';

export const command = defineCommand({
  group: 'Backups',
  description: 'store the log of a database as it is written, until stopped',
  arguments: { target: { description: 'whose log; its pointInTime says how' } },
  flags: {
    port: {
      value: 'n',
      description: 'port to serve /metrics, /healthz and /readyz on',
      parse: port,
      default: { value: receiverPort, why: 'next to that of serve' },
    },
  },
  examples: [['postgresql', 'follow the log of target postgresql']],
  exitCodes: ['source', 'store', 'damaged', 'locked'],
  run: async ({ target, port: on }, tool) => {
    const { receiveTarget } = await import('./receive.ts');
    await receiveTarget(await tool.open(), target, { port: on });
    return {};
  },
});
