import type { PolicyDocument } from '../../src/aws/document.ts';
import type { AwsArgs, AwsKind } from '../../src/aws/resource.ts';
import { awsResources } from '../../src/aws/resources.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { environmentOf, environmentWith } from './environments.ts';

/** Prod with pods that have an access key rather than a role, as outside of EKS; to be given to `environmentWith`. */
export const withAccessKey = (): Pick<Environment, 'aws' | 'stores'> => {
  const { aws, stores } = environmentOf('prod');
  return {
    aws: { ...aws, irsa: undefined },
    stores: { ...stores, s3: { ...stores.s3!, credentials: 'secret' } },
  };
};

/** Prod with a user. */
export const accessKeyEnvironment = (): Environment => environmentWith('prod', { ...withAccessKey() });

/** Arguments of a resource in AWS. */
export const argsOf = <Kind extends AwsKind>(
  environment: Environment,
  kind: Kind,
  name: string,
): AwsArgs[Kind] => {
  const found = awsResources(environment).find((one) => one.kind === kind && one.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found.args as AwsArgs[Kind];
};

/** A policy, its resources under their placeholders. */
export const documentOf = (
  environment: Environment,
  kind: AwsKind,
  name: string,
  field: 'policy' | 'assumeRolePolicy' = 'policy',
): PolicyDocument => (argsOf(environment, kind, name) as never as Record<string, PolicyDocument>)[field]!;
