import { auditFolder, names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment/environment.ts';
import { document, type PolicyDocument, type Statement } from './document.ts';
import { bucketArn, keyArn, objectsArn, type Account } from './account.ts';
import { throughS3, trustOf } from './identity.ts';
import { outputOf, resource, type AwsResource } from './resource.ts';

/** Where S3 is the only store its audit trail lies there: entries are added, and none can be taken away. */
const writesTrail = (account: Account): Statement => ({
  Sid: 'WriteAudit',
  Effect: 'Allow',
  Action: 's3:PutObject',
  Resource: `${bucketArn(account.archives)}/${account.prefix}${auditFolder}/*`,
});

/** What a page of the console asks of S3: lists, objects, and until when they are locked. */
const consolePolicy = (account: Account, trailIsThere: boolean): PolicyDocument => {
  const { archives } = account;
  return document(
    { Sid: 'List', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucketArn(archives) },
    {
      Sid: 'Read',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectLegalHold', 's3:GetObjectRetention'],
      Resource: objectsArn(archives, account),
    },
    ...(trailIsThere ? [writesTrail(account)] : []),
    {
      Sid: 'Decrypt',
      Effect: 'Allow',
      Action: ['kms:Decrypt', ...(trailIsThere ? ['kms:GenerateDataKey'] : [])],
      Resource: keyArn(archives),
      Condition: throughS3(archives),
    },
  );
};

/** Role of the console's service account, where the pods have roles and the environment names none for it. */
export const consoleRole = (environment: Environment, account: Account): readonly AwsResource[] => {
  const { aws, stores } = environment;
  const { consoleRole: name } = account;
  if (name === undefined || !aws.irsa) return [];
  const assumeRolePolicy = trustOf(account, aws.irsa.issuer, environment, [names.console]);
  const policy = consolePolicy(account, stores.directory === undefined);
  return [
    resource('Role', 'console', { name, assumeRolePolicy }),
    resource('RolePolicy', 'console', { role: outputOf('Role', 'console', 'id'), policy }),
  ];
};
