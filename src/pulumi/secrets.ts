import type { AccessKey } from '@pulumi/aws/iam/accessKey.js';
import { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
import * as pulumi from '@pulumi/pulumi';
import { passphraseProblem } from '../../runtime/src/contract/passphrase.ts';
import { secrets as contract } from '../../runtime/src/contract/secrets.ts';
import { accountOf } from '../aws/account.ts';
import { systemLabels } from '../constructs/labels.ts';
import { secretsOf, type SystemSecret } from '../constructs/secrets.ts';
import type { Environment } from '../environment/environment.ts';

type Values = Readonly<Record<string, pulumi.Input<string>>>;

const { s3AccessKey, s3SecretKey } = contract.encryption.keys;

/** The minted access key, as the keys of its Secret. Secret, both of them. */
export const accessKeyValues = (key: AccessKey | undefined): Values =>
  key ? { [s3AccessKey]: pulumi.secret(key.id), [s3SecretKey]: pulumi.secret(key.secret) } : {};

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

/** Keys of the Secrets that the configuration has to hold: all but those that are minted. */
const configuredKeys = (environment: Environment): readonly string[] => {
  const minted = accountOf(environment)?.identityKind === 'User' ? [s3AccessKey, s3SecretKey] : [];
  return secretsOf(environment)
    .flatMap(({ keys }) => keys)
    .filter((key) => !(minted as readonly string[]).includes(key));
};

/**
 * Passphrases, tokens and passwords from the stack's configuration, under the names of their keys; none where another
 * source than Pulumi has them.
 * @throws RunError with all keys that are missing or in plain text, and a passphrase that cannot seal archives
 */
export const configuredValues = (environment: Environment): Values => {
  if (!environment.secrets.pulumi) return {};
  const config = new pulumi.Config();
  const keys = configuredKeys(environment);
  const problems = keys.flatMap((key) =>
    problemsOf(config, key, key === environment.encryption.keys[0]!.secretKey),
  );
  if (problems.length)
    throw new pulumi.RunError(
      `${problems.join('\n')}\nhint: pulumi config set --secret ${config.name}:<key>, see docs/how-to/secrets.md`,
    );
  return Object.fromEntries(keys.map((key) => [key, config.requireSecret(key)]));
};

const secret = (
  { source, name, keys }: SystemSecret,
  environment: Environment,
  values: Values,
  options: pulumi.CustomResourceOptions,
): Secret => {
  const { name: namespace } = environment.namespace;
  // an archive cannot be read without its passphrase: that Secret outlives the stack
  const holdsKeys = source === 'encryption';
  return new Secret(
    `${namespace}/${name}`,
    {
      metadata: { name, namespace, labels: systemLabels(environment) },
      type: 'Opaque',
      stringData: Object.fromEntries(keys.map((key) => [key, values[key]!])),
    },
    { ...options, protect: holdsKeys, retainOnDelete: holdsKeys },
  );
};

/** Registers the Secrets whose source is Pulumi, with secret values; none for other sources. */
export const deploySecrets = (
  environment: Environment,
  values: Values,
  options: pulumi.CustomResourceOptions,
): readonly Secret[] =>
  environment.secrets.pulumi
    ? secretsOf(environment).map((one) => secret(one, environment, values, options))
    : [];
