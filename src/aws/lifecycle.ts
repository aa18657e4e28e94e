import type { Environment } from '../environment/environment.ts';

/** Rules of a bucket of archives. What is current goes by the program's retention, unless `expireAfterDays` is set. */
export const lifecycleRules = ({ aws, targets }: Environment, prefix: string) => {
  const { archiveAfterDays, archiveClass, noncurrentDays, abortUploadDays, expireAfterDays } = aws.lifecycle;
  return [
    {
      id: 'archives',
      status: 'Enabled',
      filter: { prefix },
      transitions: [{ days: archiveAfterDays, storageClass: archiveClass }],
      noncurrentVersionExpiration: { noncurrentDays },
      abortIncompleteMultipartUpload: { daysAfterInitiation: abortUploadDays },
    },
    {
      // S3 takes this and an expiry by days in two rules only
      id: 'delete-markers-of-nothing',
      status: 'Enabled',
      filter: { prefix },
      expiration: { expiredObjectDeleteMarker: true },
    },
    // archives of targets only: the audit trail and the recovery kit are never removed
    ...(expireAfterDays
      ? targets.map(({ name }) => ({
          id: `expire-${name}`,
          status: 'Enabled',
          filter: { prefix: `${prefix}${name}/` },
          expiration: { days: expireAfterDays },
        }))
      : []),
  ];
};
