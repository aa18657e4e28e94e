import type { PolicyDocument } from '../../src/aws/document.ts';
import type { AwsArgs, AwsKind } from '../../src/aws/resource.ts';
import { awsResources } from '../../src/aws/resources.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { environmentOf, environmentWith } from './environments.ts';

/** Prod with pods that have a role rather than an access key. */
export const irsaEnvironment = (): Environment => {
  const { aws, stores } = environmentOf('prod');
  return environmentWith('prod', {
    aws: { ...aws, irsa: { issuer: 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE' } },
    stores: { ...stores, s3: { ...stores.s3, credentials: 'default-chain' } },
  });
};

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
