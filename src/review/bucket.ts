import { deploymentShape } from '../deployment.ts';
import { isTree, type Tree, type Value } from './change.ts';

/** Defaults filled in, so that writing one down is no change; as it stands where an older file is not valid any more. */
const withDefaults = (aws: Value | undefined): Tree =>
  (deploymentShape.aws.safeParse(aws).data ?? aws ?? {}) as Tree;

/** What `pulumi up` makes on AWS, in the form of an object; none where the bucket is not Pulumi's. */
export const awsBucket = (environment: Value | undefined): Tree | undefined => {
  const { aws, stores } = isTree(environment) ? environment : {};
  const s3 = isTree(stores) ? stores['s3'] : undefined;
  const { enabled, ...settings } = withDefaults(aws);
  if (!enabled || !isTree(s3)) return undefined;
  const { hostname, pathname } = new URL(String(s3['base']));
  return {
    apiVersion: 'aws',
    kind: 'S3Bucket',
    metadata: { name: hostname },
    spec: { prefix: pathname.slice(1), region: s3['region'] ?? 'us-east-1', ...settings },
  };
};
