import { load } from 'js-yaml';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { awsResources } from '../aws/resources.ts';
import { configKey, parseEnvironment } from '../environment/environment.ts';
import type { Tree, Value } from './change.ts';

/** Kinds of AWS, apart from Kubernetes' kinds of the same name. */
export const awsKind = (kind: string): string => `aws:${kind}`;

/** Stands for all of AWS where an older environment file is not valid any more, so that nothing can be compared. */
export const incomparable = awsKind('Incomparable');

const objectOf = (kind: string, name: string, args: Value): Tree => ({
  apiVersion: 'aws',
  kind: awsKind(kind),
  metadata: { name },
  spec: args,
});

/** What `pulumi up` makes in AWS of an environment file, in the form of objects. */
export const awsObjects = (environment: string, text: string): readonly Tree[] => {
  const stack = load(text) as { readonly config?: Tree } | undefined;
  try {
    return awsResources(parseEnvironment(environment, stack?.config?.[configKey])).map(
      ({ kind, name, args }) => objectOf(kind, name, args as unknown as Value),
    );
  } catch (error) {
    if (!isBackupError(error, 'plan.invalid')) throw error;
    return [objectOf('Incomparable', 'environment file', error.message)];
  }
};
