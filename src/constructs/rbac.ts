import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';

/** Group of roles and bindings. */
export const rbac = 'rbac.authorization.k8s.io';

/** Account of pods; a pod that calls the Kubernetes API asks for a token itself. @param role of it in AWS, whose token is a volume of its own */
export const serviceAccount = (scope: Construct, id: string, name: string, role?: string): void => {
  new k8s.KubeServiceAccount(scope, id, {
    metadata: { name, ...(role && { annotations: { 'eks.amazonaws.com/role-arn': role } }) },
    automountServiceAccountToken: false,
  });
};
