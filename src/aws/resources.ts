import type { Environment } from '../environment/environment.ts';
import { bucket } from './buckets.ts';
import { consoleRole } from './console.ts';
import { identity, permissions } from './identity.ts';
import { key } from './keys.ts';
import { accountOf } from './account.ts';
import { replication } from './replication.ts';
import type { AwsResource } from './resource.ts';

/**
 * Everything in AWS that an environment asks for, as plain data: kind, name, arguments. What only AWS knows is a
 * placeholder, so two environments can be compared without an account. Empty where `aws.enabled` is false.
 */
export const awsResources = (environment: Environment): readonly AwsResource[] => {
  const account = accountOf(environment);
  if (!account) return [];
  const { archives, replica } = account;
  const places = [archives, ...(replica ? [replica] : [])];
  return [
    // first, as the policies of keys and buckets name it
    identity(environment, account),
    ...places.flatMap((place) => [...key(place, account), ...bucket(place, account, environment)]),
    ...permissions(account),
    ...consoleRole(environment, account),
    ...(replica ? replication(account, replica, environment.aws.objectLock !== undefined) : []),
  ];
};
