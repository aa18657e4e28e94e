import { defineCommand } from '../../cli/command.ts';
import { address, port } from '../../cli/option-parsers.ts';
import { consolePort } from '../../contract/console.ts';

export const command = defineCommand({
  group: 'Monitoring',
  description: 'serve the console and its API until stopped',
  arguments: {},
  flags: {
    port: {
      value: 'n',
      description: 'port to listen on',
      parse: port,
      default: { value: consolePort, why: 'where the Service of the manifests expects it' },
    },
    address: {
      value: 'ip',
      description: 'address to listen on',
      parse: address,
      default: { words: 'all of the pod', why: 'its NetworkPolicy says who may connect' },
    },
  },
  examples: [
    ['', 'then: kubectl port-forward service/backup-console 8443:9190, and open http://localhost:8443'],
  ],
  exitCodes: ['store'],
  run: async (options, tool) => {
    const { serveConsole } = await import('../../console/serve.ts');
    await serveConsole(await tool.watch(), options);
    return {};
  },
});
