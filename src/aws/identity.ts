import { podAccounts } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment/environment.ts';
import { document, type PolicyDocument, type Statement } from './document.ts';
import { bucketArn, keyArn, objectsArn, partsArn, type Account, type Place } from './account.ts';
import { outputOf, resource, type AwsResource } from './resource.ts';

/** Use of a key by way of S3 only, so that it opens nothing but objects of buckets. */
export const throughS3 = ({ region }: Place): NonNullable<Statement['Condition']> => ({
  StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
});

/** Exactly the calls of runtime/src/store/s3*.ts. */
export const backupPolicy = (account: Account): PolicyDocument => {
  const { archives } = account;
  return document(
    {
      // not limited to the prefix: then S3 would answer 403, not 404, to a HEAD of what is not there
      Sid: 'List',
      Effect: 'Allow',
      Action: [
        's3:ListBucket',
        's3:ListBucketMultipartUploads',
        // whether deleted archives can be brought back, and whether old versions pile up
        's3:GetBucketVersioning',
        's3:GetLifecycleConfiguration',
        's3:ListBucketVersions',
      ],
      Resource: bucketArn(archives),
    },
    {
      Sid: 'ReadAndWrite',
      Effect: 'Allow',
      Action: [
        's3:AbortMultipartUpload',
        // without a version: hides an object, and its versions stay
        's3:DeleteObject',
        's3:GetObject',
        's3:GetObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectVersion',
        's3:ListMultipartUploadParts',
        's3:PutObject',
      ],
      Resource: objectsArn(archives, account),
    },
    ...(account.prolonged
      ? ([
          {
            Sid: 'ProlongParts',
            Effect: 'Allow',
            Action: 's3:PutObjectRetention',
            Resource: partsArn(archives, account),
          },
        ] as const)
      : []),
    {
      Sid: 'Encrypt',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keyArn(archives),
      Condition: throughS3(archives),
    },
  );
};

/** Only these service accounts, by the tokens that the cluster signs for them. */
export const trustOf = (
  account: Account,
  issuer: string,
  { namespace }: Pick<Environment, 'namespace'>,
  serviceAccounts: readonly string[],
): PolicyDocument =>
  document({
    Sid: 'BackupPods',
    Effect: 'Allow',
    Principal: {
      Federated: `arn:${account.partition}:iam::${account.accountId}:oidc-provider/${issuer}`,
    },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: {
        [`${issuer}:aud`]: 'sts.amazonaws.com',
        [`${issuer}:sub`]: serviceAccounts.map((name) => `system:serviceaccount:${namespace.name}:${name}`),
      },
    },
  });

/** Who the backup pods are in AWS: the role of their service accounts, or a user. */
export const identity = (environment: Environment, account: Account): AwsResource => {
  const { aws } = environment;
  const name = account.identity;
  return aws.irsa
    ? resource('Role', 'backup', {
        name,
        assumeRolePolicy: trustOf(account, aws.irsa.issuer, environment, podAccounts(environment.targets)),
      })
    : resource('User', 'backup', { name });
};

/** What that identity may do, and the access key of a user. */
export const permissions = (account: Account): readonly AwsResource[] => {
  const policy = backupPolicy(account);
  if (account.identityKind === 'Role')
    return [resource('RolePolicy', 'backup', { role: outputOf('Role', 'backup', 'id'), policy })];
  const user = outputOf('User', 'backup', 'id');
  return [
    resource('UserPolicy', 'backup', { user, policy }),
    resource('AccessKey', 'backup', { user }, { after: ['UserPolicy:backup'] }),
  ];
};
