import { document, type PolicyDocument, type Statement } from './document.ts';
import { bucketArn, identityArn, keyArn, partsArn, type Account, type Place } from './account.ts';
import type { ObjectLock } from './config.ts';

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

const prolonging = 's3:PutObjectRetention';

/** Locks of parts that go on are prolonged; all else of this would destroy, and so would that without its limits. */
const notByBackups = (arn: string, identity: string, prolongs: boolean): Statement => ({
  Sid: 'BackupsDestroyNothing',
  Effect: 'Deny',
  Principal: { AWS: identity },
  Action: prolongs ? destruction.filter((action) => action !== prolonging) : destruction,
  Resource: bucketAndObjects(arn),
});

/** A day more than the lock of a new version: that of an archive is counted from the end of its upload, not from its start. */
const mostRetentionDays = ({ days }: ObjectLock): string => String(days + 1);

/**
 * Who may prolong locks could make objects cost for ever: so only parts, no longer than what is new is locked, and in the mode of the
 * bucket. A thief of the key keeps what is there for as long as he has it and that time, which writing anew does as well.
 */
const prolongsLittle = (place: Place, account: Account, lock: ObjectLock): readonly Statement[] => {
  const deny = {
    Effect: 'Deny',
    Principal: { AWS: identityArn(account) },
    Action: prolonging,
  } as const;
  const everything = `${bucketArn(place)}/*`;
  return [
    { Sid: 'BackupsProlongParts', ...deny, NotResource: partsArn(place, account) },
    {
      Sid: 'BackupsProlongNoFurther',
      ...deny,
      Resource: everything,
      Condition: {
        NumericGreaterThan: { 's3:object-lock-remaining-retention-days': mostRetentionDays(lock) },
      },
    },
    {
      Sid: 'BackupsKeepTheMode',
      ...deny,
      Resource: everything,
      Condition: { StringNotEquals: { 's3:object-lock-mode': lock.mode } },
    },
  ];
};

/**
 * Policy of a bucket of archives: all it does is to deny; what is allowed is the identities' own policies.
 * @param lock of a bucket in which locks of parts are prolonged
 */
export const archivesPolicy = (place: Place, account: Account, lock?: ObjectLock): PolicyDocument => {
  const arn = bucketArn(place);
  return document(
    ...tlsOnly(arn),
    thisAccountOnly(arn, account.accountId),
    onlyEncryption(arn, 'KmsOnly', 's3:x-amz-server-side-encryption', 'aws:kms'),
    onlyEncryption(arn, 'OwnKeyOnly', 's3:x-amz-server-side-encryption-aws-kms-key-id', keyArn(place)),
    notByBackups(arn, identityArn(account), lock !== undefined),
    ...(lock ? prolongsLittle(place, account, lock) : []),
  );
};
