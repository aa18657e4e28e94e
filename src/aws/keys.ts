import { document, type PolicyDocument } from './document.ts';
import { identityArn, type Account, type Place } from './account.ts';
import { outputOf, resource, type AwsResource } from './resource.ts';

/** Longest that AWS offers between the order to delete a key and its end; until then it can be called back. */
const deletionWindowInDays = 30;

/** The account's administrators keep the key: when the backup identity is lost, they are who recovers. */
const keyPolicy = (account: Account): PolicyDocument =>
  document(
    {
      Sid: 'Administration',
      Effect: 'Allow',
      Principal: { AWS: `arn:${account.partition}:iam::${account.accountId}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'BackupsKeepTheKey',
      Effect: 'Deny',
      Principal: { AWS: identityArn(account) },
      Action: [
        'kms:CreateGrant',
        'kms:DisableKey*',
        'kms:PutKeyPolicy',
        'kms:ScheduleKeyDeletion',
        'kms:UpdateAlias',
        'kms:DeleteAlias',
      ],
      Resource: '*',
    },
  );

/** A key of a bucket's own, rotated every year; AWS keeps the older material, so old archives stay readable. */
export const key = ({ name, bucket, region }: Place, account: Account): readonly AwsResource[] => [
  resource(
    'Key',
    name,
    {
      description: `objects of the bucket ${bucket}`,
      enableKeyRotation: true,
      deletionWindowInDays,
      region,
      policy: keyPolicy(account),
    },
    { keeps: 'data' },
  ),
  resource('Alias', name, {
    name: `alias/${bucket.replaceAll('.', '-')}`,
    targetKeyId: outputOf('Key', name, 'id'),
    region,
  }),
];
