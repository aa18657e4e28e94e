import { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
import * as pulumi from '@pulumi/pulumi';
import { passphraseProblem } from '../../runtime/src/contract/passphrase.ts';
import { secrets as contract } from '../../runtime/src/contract/secrets.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { systemLabels } from '../constructs/labels.ts';
import { secretsOf, type SystemSecret } from '../constructs/secrets.ts';
import { accountOf } from '../aws/account.ts';
import type { Environment } from '../environment/environment.ts';
import { fieldManager } from './kubernetes.ts';
import type { Naming } from './naming.ts';

/** Values of Secrets by their keys. */
export type SecretValues = Readonly<Record<string, pulumi.Input<string>>>;

const { s3AccessKey, s3SecretKey } = contract.encryption.keys;

/** The key by which archives are sealed: every run would refuse an unfit passphrase. */
export const sealingKey = ({ encryption }: Environment): string =>
  mustExist(encryption.keys[0], 'key in the environment').secretKey;

interface Keys {
  readonly required: readonly string[];
  /** S3 keys of a plan that copies nothing there: they are taken where they are given. */
  readonly optional: readonly string[];
}

/** Keys whose values have to be given: all but those that AWS mints; none where another source than Pulumi has them. */
export const givenKeys = (environment: Environment): Keys => {
  if (!environment.secrets.pulumi) return { required: [], optional: [] };
  const s3Keys: readonly string[] = [
    s3AccessKey,
    s3SecretKey,
    ...Object.values(environment.exporterS3Keys ?? {}),
  ];
  const minted: readonly string[] =
    accountOf(environment)?.identityKind === 'User' ? [s3AccessKey, s3SecretKey] : [];
  const keys = secretsOf(environment)
    .flatMap((secret) => secret.keys)
    .filter((key) => !minted.includes(key));
  const idle = (key: string): boolean => !environment.stores.s3?.sync && s3Keys.includes(key);
  return { required: keys.filter((key) => !idle(key)), optional: keys.filter(idle) };
};

/** @throws RunError with all keys that have no value */
export const checkComplete = (environment: Environment, values: SecretValues): void => {
  const missing = givenKeys(environment).required.filter((key) => values[key] === undefined);
  if (missing.length) throw new pulumi.RunError(`secrets has no value for ${missing.join(', ')}`);
};

const sealing = (value: pulumi.Input<string>): pulumi.Output<string> =>
  pulumi.output(value).apply((text) => {
    const unfit = passphraseProblem(text);
    if (unfit) throw new pulumi.RunError(`the passphrase ${unfit}: use one line of printable text`);
    return text;
  });

const dataOf = ({ keys }: SystemSecret, environment: Environment, values: SecretValues): SecretValues =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const value = values[key];
      if (value === undefined) return [];
      return [[key, pulumi.secret(key === sealingKey(environment) ? sealing(value) : value)]];
    }),
  );

const secret = (
  one: SystemSecret,
  environment: Environment,
  values: SecretValues,
  naming: Naming,
  options: pulumi.CustomResourceOptions,
): Secret => {
  const { name: namespace } = environment.namespace;
  // an archive cannot be read without its passphrase: that Secret outlives the stack
  const holdsKeys = one.source === 'encryption';
  const child = naming.child(`${namespace}/${one.name}`);
  return new Secret(
    child.name,
    {
      metadata: { name: one.name, namespace, labels: systemLabels(environment), annotations: fieldManager },
      type: 'Opaque',
      stringData: dataOf(one, environment, values),
    },
    { ...child.options, ...options, protect: holdsKeys, retainOnDelete: holdsKeys },
  );
};

/**
 * Registers the Secrets whose source is Pulumi, with secret values; none for other sources.
 * @throws RunError with all keys that have no value; the output of an unfit passphrase fails
 */
export const deploySecrets = (
  environment: Environment,
  values: SecretValues,
  naming: Naming,
  options: pulumi.CustomResourceOptions,
): readonly Secret[] => {
  if (!environment.secrets.pulumi) return [];
  return secretsOf(environment).map((one) => secret(one, environment, values, naming, options));
};
