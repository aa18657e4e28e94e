import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Environment } from '../environment/environment.ts';
import { clusterWide } from './cluster-wide.ts';
import { quantities } from './job-pod.ts';

/** Of the standard that is meant; a newer one may ask for more. */
const podSecurityVersion = 'v1.30';

/** Tells of pods that are not restricted and refuses none: databases that live there have to start again. */
const podSecurity = Object.fromEntries(
  ['audit', 'warn'].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, 'restricted'],
    [`pod-security.kubernetes.io/${mode}-version`, podSecurityVersion],
  ]),
);

const prefixed = (prefix: string, amounts: Record<string, k8s.Quantity>): Record<string, k8s.Quantity> =>
  Object.fromEntries(Object.entries(amounts).map(([key, amount]) => [`${prefix}.${key}`, amount]));

/** On request the namespace, and what all that runs in it may use. */
export class Namespace extends Construct {
  constructor(scope: Construct, id: string, { namespace, quota, limitRange }: Environment) {
    super(scope, id);
    if (namespace.create) this.namespace(namespace.name);
    if (quota) this.quota(quota);
    if (limitRange) this.limitRange(limitRange);
  }

  private namespace(name: string): void {
    clusterWide(new k8s.KubeNamespace(this, 'namespace', { metadata: { name, labels: podSecurity } }));
  }

  private quota({ pods, requests, limits }: NonNullable<Environment['quota']>): void {
    new k8s.KubeResourceQuota(this, 'quota', {
      metadata: { name: 'backup-quota' },
      spec: {
        hard: {
          pods: k8s.Quantity.fromNumber(pods),
          ...prefixed('requests', quantities(requests)),
          ...prefixed('limits', quantities(limits)),
        },
      },
    });
  }

  private limitRange({ requests, limits }: NonNullable<Environment['limitRange']>): void {
    new k8s.KubeLimitRange(this, 'limit-range', {
      metadata: { name: 'backup-limits' },
      spec: {
        limits: [{ type: 'Container', defaultRequest: quantities(requests), default: quantities(limits) }],
      },
    });
  }
}
