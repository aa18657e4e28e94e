import { document, onBehalfOf } from './document.ts';
import { throughS3 } from './identity.ts';
import { bucketArn, keyArn, objectsArn, type Account, type Place } from './account.ts';
import { outputOf, resource, type AwsResource } from './resource.ts';

/** "Setting up permissions for live replication" of the S3 user guide, with encryption and Object Lock. */
const rolePolicy = (account: Account, replica: Place) => {
  const { archives } = account;
  return document(
    {
      Sid: 'Source',
      Effect: 'Allow',
      Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
      Resource: bucketArn(archives),
    },
    {
      Sid: 'SourceVersions',
      Effect: 'Allow',
      Action: [
        's3:GetObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
      ],
      Resource: objectsArn(archives, account),
    },
    {
      Sid: 'Replica',
      Effect: 'Allow',
      Action: ['s3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags'],
      Resource: objectsArn(replica, account),
    },
    {
      Sid: 'Decrypt',
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: keyArn(archives),
      Condition: throughS3(archives),
    },
    {
      Sid: 'Encrypt',
      Effect: 'Allow',
      Action: ['kms:Encrypt', 'kms:GenerateDataKey'],
      Resource: keyArn(replica),
      Condition: throughS3(replica),
    },
  );
};

const trustOfS3 = ({ archives, accountId }: Account) =>
  document({
    Sid: 'S3',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sts:AssumeRole',
    Condition: onBehalfOf(bucketArn(archives), accountId),
  });

/** Where Object Lock is wanted, S3 replicates its retention only between buckets that both have it by then. */
const beforeReplication = (locked: boolean): readonly string[] => [
  ...(['archives', 'replica'] as const).flatMap((place) => [
    `BucketVersioning:${place}`,
    ...(locked ? [`BucketObjectLockConfiguration:${place}`] : []),
  ]),
  'RolePolicy:replication',
];

/** Role and policy stay with the configuration that names them: without them a bucket that outlives its stack copies nothing. */
const settings = { keeps: 'settings' } as const;

/**
 * Copies every object to the replica. Delete markers follow, so that retention reaches the replica; versions are removed
 * by the replica's own lifecycle only, which no request to the first bucket hastens.
 */
export const replication = (account: Account, replica: Place, locked: boolean): readonly AwsResource[] => {
  const { archives, prefix } = account;
  return [
    resource(
      'Role',
      'replication',
      { name: `${archives.bucket}-replication`, assumeRolePolicy: trustOfS3(account) },
      settings,
    ),
    resource(
      'RolePolicy',
      'replication',
      { role: outputOf('Role', 'replication', 'id'), policy: rolePolicy(account, replica) },
      settings,
    ),
    resource(
      'BucketReplicationConfig',
      'archives',
      {
        bucket: outputOf('Bucket', 'archives', 'id'),
        region: archives.region,
        role: outputOf('Role', 'replication', 'arn'),
        rules: [
          {
            id: 'archives',
            status: 'Enabled',
            priority: 0,
            filter: { prefix },
            deleteMarkerReplication: { status: 'Enabled' },
            sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
            destination: {
              bucket: bucketArn(replica),
              encryptionConfiguration: { replicaKmsKeyId: keyArn(replica) },
            },
          },
        ],
      },
      { ...settings, after: beforeReplication(locked) },
    ),
  ];
};
