import type { ProviderArgs } from '@pulumi/aws/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { passphraseProblem } from '../../runtime/src/contract/passphrase.ts';
import { parseEnvironment, type Environment } from '../environment/environment.ts';
import type { AwsAccess } from './aws-store.ts';
import type { BackupStackArgs, ClusterAccess } from './component.ts';
import { givenKeys, sealingKey, type SecretValues } from './secrets.ts';
import { withoutTrace } from './user-mistake.ts';

/** Names of the configuration's secrets, which the CLI hands over beside the configuration itself. */
const encrypted = (): readonly string[] =>
  JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as readonly string[];

const problemsOf = (config: pulumi.Config, key: string, seals: boolean): readonly string[] => {
  const value = config.get(key);
  if (value === undefined) return [`${config.name}:${key} is missing`];
  const unfit = seals && passphraseProblem(value); // every run would refuse it
  if (unfit) return [`${config.name}:${key} ${unfit}: use one line of printable text`];
  return encrypted().includes(`${config.name}:${key}`) ? [] : [`${config.name}:${key} is in plain text`];
};

/**
 * Passphrases, tokens and passwords from the stack's configuration, under the names of their keys.
 * @throws RunError with all keys that are missing or in plain text, and a passphrase that cannot seal archives
 */
const configuredSecrets = (environment: Environment): SecretValues => {
  const config = new pulumi.Config();
  const { required, optional } = givenKeys(environment);
  const keys = [...required, ...optional.filter((key) => config.get(key) !== undefined)];
  const problems = keys.flatMap((key) => problemsOf(config, key, key === sealingKey(environment)));
  if (problems.length)
    throw new pulumi.RunError(
      `${problems.join('\n')}\nhint: pulumi config set --secret ${config.name}:<key>, see docs/how-to/secrets.md`,
    );
  return Object.fromEntries(keys.map((key) => [key, config.requireSecret(key)]));
};

/** Settings of the providers that reach them; all others have one value that is right here, or none. */
const passedOn = {
  kubernetes: ['cluster', 'clusterIdentifier', 'context', 'kubeconfig'],
  aws: ['assumeRoles', 'profile'],
} as const;

const instead: Readonly<Record<string, string>> = {
  'kubernetes:renderYamlToDirectory': 'npm run synth writes the manifests',
  'aws:region': 'stores.s3.region is the region',
  'aws:allowedAccountIds': 'aws.accountId is the account',
};

const isIgnored = (key: string): boolean =>
  Object.entries(passedOn).some(
    ([provider, settings]) =>
      key.startsWith(`${provider}:`) && !settings.some((setting) => key === `${provider}:${setting}`),
  );

/** @throws RunError with every setting of a provider that would have no effect */
const refuseIgnored = (): void => {
  const ignored = Object.keys(pulumi.runtime.allConfig()).filter(isIgnored).sort();
  if (!ignored.length) return;
  const lines = ignored.map((key) => `${key} has no effect here${instead[key] ? `: ${instead[key]}` : ''}`);
  throw new pulumi.RunError(`${lines.join('\n')}\nhint: pulumi config rm <key>`);
};

const clusterAccess = (): ClusterAccess => {
  const config = new pulumi.Config('kubernetes');
  return {
    cluster: config.get('cluster'),
    clusterIdentifier: config.get('clusterIdentifier'),
    context: config.get('context'),
    kubeconfig: config.getSecret('kubeconfig'),
  };
};

const awsAccess = (): AwsAccess => {
  const config = new pulumi.Config('aws');
  return {
    profile: config.get('profile'),
    assumeRoles: config.getObject<NonNullable<ProviderArgs['assumeRoles']>>('assumeRoles'),
  };
};

/** Everything that a stack of this project is made from. @throws RunError with every mistake of its configuration */
export const stackArgs = (): BackupStackArgs => {
  const environment = withoutTrace(() =>
    parseEnvironment(pulumi.getStack(), new pulumi.Config().requireObject('environment')),
  );
  refuseIgnored();
  return {
    environment,
    secrets: configuredSecrets(environment),
    cluster: clusterAccess(),
    aws: awsAccess(),
  };
};
