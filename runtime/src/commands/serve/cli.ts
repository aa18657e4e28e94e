import { defineCommand } from '../../cli/command.ts';
import { port } from '../../cli/option-parsers.ts';
import { metricsPort } from '../../contract/metrics.ts';

export const command = defineCommand({
  group: 'Monitoring',
  description: 'publish metrics for Prometheus until stopped',
  arguments: {},
  flags: {
    port: {
      value: 'n',
      description: 'port to listen on',
      parse: port,
      default: { value: metricsPort, why: 'where the Service of the manifests expects it' },
    },
  },
  examples: [['', 'serve /metrics, /healthz and /readyz']],
  exitCodes: ['store'],
  run: async (options, tool) => {
    const { serve } = await import('./serve.ts');
    await serve(await tool.look(), options);
    return {};
  },
});
