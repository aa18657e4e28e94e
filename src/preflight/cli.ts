import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCodes } from '../../runtime/src/contract/exit-codes.ts';
import { BackupError, isBackupError } from '../../runtime/src/core/errors.ts';
import { environmentFiles, readEnvironment, type Environment } from '../environment/environment.ts';
import { kubectlCluster } from './kubectl.ts';
import { preflight } from './preflight.ts';
import type { Trouble } from './trouble.ts';

const usage = `npm run preflight -- [options] ENVIRONMENT
Asks the cluster of kubectl, before anything is applied, what the manifests of an environment would miss there. Writes nothing.

  ENVIRONMENT        dev, prod: that of Pulumi.<environment>.yaml
  --context NAME     @default the current context of the kubeconfig
  --json             the troubles as JSON
  --help

Exit code 0: all is there, risks apart; ${exitCodes.unexpected}: something is missing; ${exitCodes.usage}: usage, configuration or no cluster.
`;

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        context: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BackupError('usage.invalid', (error as Error).message, { cause: error });
  }
};

const environmentOf = (name: string): Environment => {
  const files = environmentFiles(process.cwd());
  const file = files.find((path) => basename(path) === `Pulumi.${name}.yaml`);
  if (file) return readEnvironment(file);
  throw new BackupError(
    'usage.invalid',
    `there is no Pulumi.${name}.yaml here: found ${files.map((path) => basename(path)).join(', ') || 'none'}`,
  );
};

const inWords = ({ grade, object, problem, action }: Trouble): string =>
  `${grade === 'refused' ? 'missing' : 'risk   '}  ${object} ${problem}\n         → ${action}\n`;

const report = (name: string, troubles: readonly Trouble[]): string => {
  const missing = troubles.filter(({ grade }) => grade === 'refused').length;
  const risks = troubles.length - missing;
  const summary = troubles.length ? `${missing} missing, ${risks} risks` : 'nothing is missing';
  return `${troubles.map(inWords).join('')}${name}: ${summary}\n`;
};

const main = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = parse(args);
  if (values.help) return void process.stdout.write(usage);
  const [name, ...more] = positionals;
  if (name === undefined || more.length)
    throw new BackupError('usage.invalid', `expected one environment\n\n${usage}`);
  const environment = environmentOf(name);
  const options = values.context === undefined ? [] : ['--context', values.context];
  const troubles = await preflight(kubectlCluster(options), environment);
  process.stdout.write(values.json ? `${JSON.stringify(troubles, undefined, 2)}\n` : report(name, troubles));
  if (troubles.some(({ grade }) => grade === 'refused')) process.exitCode = exitCodes.unexpected;
};

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isBackupError(error)) throw error;
  process.stderr.write(`${error.message}\nhint: ${error.hint}\n`);
  process.exitCode = exitCodes.usage;
}
