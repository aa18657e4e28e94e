import { document, type PolicyDocument, type Statement } from './document.ts';
import { bucketArn, identityArn, keyArn, type Account, type Place } from './account.ts';

const bucketAndObjects = (arn: string): readonly string[] => [arn, `${arn}/*`];

/** Of every bucket. */
export const tlsOnly = (arn: string): readonly Statement[] => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: bucketAndObjects(arn) } as const;
  return [
    { Sid: 'TlsOnly', ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    { Sid: 'ModernTlsOnly', ...deny, Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } },
  ];
};

/** Anonymous requests have no account, and are refused as well. */
const thisAccountOnly = (arn: string, accountId: string): Statement => ({
  Sid: 'ThisAccountOnly',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: bucketAndObjects(arn),
  Condition: {
    StringNotEquals: { 'aws:PrincipalAccount': accountId },
    BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
  },
});

/** A header that asks for other than the bucket's own encryption; requests without it get that. */
const onlyEncryption = (arn: string, sid: string, header: string, value: string): Statement => ({
  Sid: sid,
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:PutObject',
  Resource: `${arn}/*`,
  Condition: { Null: { [header]: 'false' }, StringNotEquals: { [header]: value } },
});

/** What would destroy versions or their protection, whatever else the backup pods are allowed elsewhere. */
const destruction = [
  's3:BypassGovernanceRetention',
  's3:DeleteBucket*',
  's3:DeleteObjectVersion',
  's3:PutBucket*',
  's3:PutEncryptionConfiguration',
  's3:PutLifecycleConfiguration',
  's3:PutObjectAcl',
  's3:PutObjectLegalHold',
  's3:PutObjectRetention',
  's3:PutReplicationConfiguration',
];

const notByBackups = (arn: string, identity: string): Statement => ({
  Sid: 'BackupsDestroyNothing',
  Effect: 'Deny',
  Principal: { AWS: identity },
  Action: destruction,
  Resource: bucketAndObjects(arn),
});

/** Policy of a bucket of archives: all it does is to deny; what is allowed is the identities' own policies. */
export const archivesPolicy = (place: Place, account: Account): PolicyDocument => {
  const arn = bucketArn(place);
  return document(
    ...tlsOnly(arn),
    thisAccountOnly(arn, account.accountId),
    onlyEncryption(arn, 'KmsOnly', 's3:x-amz-server-side-encryption', 'aws:kms'),
    onlyEncryption(arn, 'OwnKeyOnly', 's3:x-amz-server-side-encryption-aws-kms-key-id', keyArn(place)),
    notByBackups(arn, identityArn(account)),
  );
};
